import type { SessionEvent } from '#lib/engine/session-machine.ts'
import { formatHlc, parseHlc } from '#lib/kernel/hlc.ts'
import { assert } from '#lib/kernel/result.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import { getCounts, pickBatch, saveEntry } from './outbox.ts'
import type { Run } from './run.ts'
import { ask, eventOf, identityOf, transact } from './run.ts'
import type { StoreTx } from './store.ts'
import type { OutboxEntry } from './tables.ts'
import { NO_POSITION, eachRow, getMeta, setMeta } from './tables.ts'
import { checkConfig, checkEnroll } from './wire.ts'

/** Enrolls when needed, reads the config when it changed, and looks for something to push. */
export async function scan(run: Run): Promise<SessionEvent> {
  const known = await transact(run, async (tx) => {
    const config = await getMeta(tx, 'config')
    const configNamed = await getMeta(tx, 'configNamed')
    const { token } = await identityOf(tx)
    return { token, configIsOld: config === null || (configNamed ?? config.version) !== config.version }
  })
  const failed = known.token === null ? await enroll(run) : known.configIsOld ? await readConfig(run) : null
  if (failed) return failed
  return transact(run, async (tx) => {
    const position = (await getMeta(tx, 'position')) ?? NO_POSITION
    // SM5: after a change of epoch everything is read before anything is pushed.
    if (position.fullReason === 'epoch_changed') return 'resync_needed'
    if (await getMeta(tx, 'inFlight')) return 'scanned'
    return (await pickBatch(tx, run.clock.now(), 1)).entries.length > 0 ? 'scanned' : 'nothing_to_push'
  })
}

/** Null when the device is enrolled now. A lost answer is asked for again under the same requestId. */
async function enroll(run: Run): Promise<SessionEvent | null> {
  if (run.enrollmentKey === null) return eventOf(run, { kind: 'halt', status: 0, code: 'no_credential' })
  const identity = await transact(run, identityOf)
  const { deviceId, enrollRequestId } = identity
  const body = JSON.stringify({ requestId: enrollRequestId, deviceId, device: run.device })
  const call = {
    kind: 'enroll',
    method: 'POST',
    path: '/api/v1/enroll',
    credential: run.enrollmentKey,
    body,
    check: checkEnroll,
  } as const
  const outcome = await ask(run, call, enrollRequestId)
  if (!outcome.ok) {
    if (outcome.failure.code === 'device_id_taken') await transact(run, (tx) => takeNewIdentity(tx, run))
    return eventOf(run, outcome.failure)
  }
  const { fleetId, epoch, token, config } = outcome.value
  if (outcome.value.deviceId !== deviceId) {
    return eventOf(run, {
      kind: 'unreachable',
      failure: 'server_error',
      status: outcome.status,
      code: 'bad_answer',
    })
  }
  await transact(run, async (tx) => {
    await setMeta(tx, 'identity', { ...identity, fleetId, epoch, token })
    await setMeta(tx, 'config', config)
    await setMeta(tx, 'configNamed', config.version)
  })
  return null
}

async function readConfig(run: Run): Promise<SessionEvent | null> {
  const { token } = await transact(run, identityOf)
  const outcome = await ask(run, {
    kind: 'config',
    method: 'GET',
    path: '/api/v1/config',
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

/**
 * The id is in use: our own enrollment of more than a day ago, or a copied store. Nothing was pushed under it, so
 * the pending changes take a new one; their stamps name their device.
 */
export async function takeNewIdentity(tx: StoreTx, run: Pick<Run, 'clock' | 'random'>): Promise<void> {
  const { clock, random } = run
  const identity = await identityOf(tx)
  const deviceId = uuidv7(clock.now(), random)
  await setMeta(tx, 'identity', { ...identity, deviceId, enrollRequestId: uuidv7(clock.now(), random) })
  const renamed = (hlc: string): string => {
    const parsed = parseHlc(hlc)
    assert(parsed.ok, 'a stored HLC is one of ours')
    return formatHlc({ ...parsed.value, deviceId })
  }
  const hlc = await getMeta(tx, 'hlc')
  if (hlc !== null) await setMeta(tx, 'hlc', renamed(hlc))
  assert((await getCounts(tx)).acknowledged === 0, 'nothing is acknowledged before enrollment')
  await eachRow<OutboxEntry>(tx, 'outbox', '', async (entry) => {
    await saveEntry(tx, { ...entry, mutation: { ...entry.mutation, hlc: renamed(entry.mutation.hlc) } })
    return true
  })
}
