import type { SessionEvent } from '#lib/engine/session-machine.ts'
import type { EnrollResponse } from '#lib/protocol/device.ts'
import { isConfigOld, readConfig } from './config-step.ts'
import { forkParts } from './on-demand.ts'
import { pickBatch } from './outbox.ts'
import type { Run } from './run.ts'
import { ask, eventOf, saveOpenSession, transact, transactDurably } from './run.ts'
import type { StoreTx } from './store.ts'
import { NO_POSITION, getMeta, identityOf, setMeta } from './tables.ts'
import type { Outcome } from './transport.ts'
import { checkEnroll } from './wire.ts'

/** Enrolls when needed, reads the config when it changed, and looks for something to push. */
export async function scan(run: Run): Promise<SessionEvent> {
  const lacking = await transact(run, async (tx) => {
    await saveOpenSession(tx, run)
    const { token } = await identityOf(tx)
    if (token === null) return enroll
    return (await isConfigOld(tx)) ? readConfig : lookForWork(tx, run)
  })
  if (typeof lacking === 'string') return lacking
  return (await lacking(run)) ?? transact(run, (tx) => lookForWork(tx, run))
}

async function lookForWork(tx: StoreTx, run: Run): Promise<SessionEvent> {
  const position = (await getMeta(tx, 'position')) ?? NO_POSITION
  // SM5: after a change of epoch everything is read before anything is pushed.
  if (position.fullReason === 'epoch_changed') return 'resync_needed'
  if (await getMeta(tx, 'inFlight')) return 'scanned'
  return (await pickBatch(tx, run.clock.now(), 1)).entries.length > 0 ? 'scanned' : 'nothing_to_push'
}

/** Null when the device is enrolled now. A lost answer is asked for again under the same requestId. */
async function enroll(run: Run): Promise<SessionEvent | null> {
  if (run.enrollmentKey === null) return eventOf(run, { kind: 'halt', status: 0, code: 'no_credential' })
  const identity = await transact(run, identityOf)
  const { deviceId, enrollRequestId } = identity
  let { former } = identity
  let outcome: Outcome<EnrollResponse>
  for (;;) {
    const body = JSON.stringify({
      requestId: enrollRequestId,
      deviceId,
      device: run.device,
      formerDeviceId: former?.deviceId,
      formerToken: former?.token,
    })
    outcome = await ask(
      run,
      {
        kind: 'enroll',
        credential: run.enrollmentKey,
        body,
        check: checkEnroll,
      },
      enrollRequestId,
    )
    // The key, or the proof: a rotation has ended that one, or a restore taken it. Only without one does the server tell which.
    if (!former || outcome.ok || outcome.failure.code !== 'unauthorized') break
    former = former.former
  }
  if (!outcome.ok) {
    if (outcome.failure.code === 'device_id_taken')
      await transact(run, (tx) => forkParts().takeNewIdentity(tx, run))
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
  // Kept in memory alone it would end with the process; the device would go on as another one, and know none of its work.
  await transactDurably(run, async (tx) => {
    await setMeta(tx, 'identity', { ...identity, fleetId, epoch, token })
    await setMeta(tx, 'config', config)
    await setMeta(tx, 'configNamed', config.version)
  })
  return null
}
