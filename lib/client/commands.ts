import { fetched } from './on-demand.ts'
import type { ReplicaContext } from './run.ts'
import type { StoreTx } from './store.ts'
import type { CommandLog, Errand } from './tables.ts'
import { getMeta, identityOf, setMeta } from './tables.ts'

/** Remembered, so that a command that is told twice is done once. */
export const COMMANDS_REMEMBERED_MAX = 100
export const NO_COMMANDS: CommandLog = { done: [], toAcknowledge: [] }

export const commandsToAcknowledge = async (tx: StoreTx): Promise<readonly string[]> =>
  ((await getMeta(tx, 'commands')) ?? NO_COMMANDS).toAcknowledge

/** Who speaks, and what it still has to do for an operator; read together. */
export const readErrands = async (
  tx: StoreTx,
): Promise<{ readonly token: string | null; readonly errands: readonly Errand[] }> => ({
  token: (await identityOf(tx)).token,
  errands: (await getMeta(tx, 'errands')) ?? [],
})

/** What needs a request of its own; fetched when something is to be done. Gives the token that counts from now on. */
export const runErrands = async (
  context: ReplicaContext,
  token: string,
  errands: readonly Errand[],
): Promise<string> =>
  errands.length === 0 ? token : (await fetched(import('./errands.ts'))).runErrands(context, token, errands)

/** An errand was run: its command is acknowledged with the next report. */
export async function noteDone(tx: StoreTx, { id }: Errand): Promise<void> {
  const left = ((await getMeta(tx, 'errands')) ?? []).filter((errand) => errand.id !== id)
  await setMeta(tx, 'errands', left.length === 0 ? null : left)
  const log = (await getMeta(tx, 'commands')) ?? NO_COMMANDS
  const toAcknowledge = [...new Set([...log.toAcknowledge, id])].slice(-COMMANDS_REMEMBERED_MAX)
  await setMeta(tx, 'commands', { ...log, toAcknowledge })
}

/** The server has heard of these. */
export async function noteAcknowledged(tx: StoreTx, ids: readonly string[]): Promise<void> {
  const log = await getMeta(tx, 'commands')
  if (!log || ids.length === 0) return
  await setMeta(tx, 'commands', {
    ...log,
    toAcknowledge: log.toAcknowledge.filter((id) => !ids.includes(id)),
  })
}
