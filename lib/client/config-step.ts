import type { SessionEvent } from '#lib/engine/session-machine.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import type { Run } from './run.ts'
import { ask, eventOf, transact } from './run.ts'
import type { StoreTx } from './store.ts'
import { getMeta, identityOf, setMeta } from './tables.ts'
import { checkConfig } from './wire.ts'

/** Whether an answer named another config than the one that is held, or told of a later schema version of a collection. */
export async function isConfigOld(tx: StoreTx, told: readonly WireRecord[] = []): Promise<boolean> {
  const config = await getMeta(tx, 'config')
  if (config?.version !== ((await getMeta(tx, 'configNamed')) ?? config?.version)) return true
  // What an answer names may be a second older than what it tells.
  const known = new Map(config?.collections.map(({ name, schemaVersion }) => [name, schemaVersion]))
  return (
    !config ||
    told.some(({ collection, schemaVersion }) => schemaVersion > (known.get(collection) ?? Infinity))
  )
}

/**
 * Reads the config where it is old, before anything of an answer is kept: without the steps to its schema version an older
 * app's own names would be nowhere in what it shows (DL5). Null when it is known.
 */
export const followConfig = async (run: Run, told?: readonly WireRecord[]): Promise<SessionEvent | null> =>
  (await transact(run, (tx) => isConfigOld(tx, told))) ? readConfig(run) : null

export async function readConfig(run: Run): Promise<SessionEvent | null> {
  const { token } = await transact(run, identityOf)
  const outcome = await ask(run, {
    kind: 'config',
    credential: token,
    check: checkConfig,
  })
  if (!outcome.ok) return outcome.failure.kind === 'epoch' ? 'resync_needed' : eventOf(run, outcome.failure)
  await transact(run, async (tx) => {
    await setMeta(tx, 'config', outcome.value)
    await setMeta(tx, 'configNamed', outcome.value.version)
  })
  return null
}
