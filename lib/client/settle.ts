import type { JsonObject } from '#lib/kernel/json.ts'
import { readErrands, runErrands } from './commands.ts'
import { unsureConflicts } from './notices.ts'
import { crdtParts, forkParts } from './on-demand.ts'
import type { UnsentReport } from './reports.ts'
import { dropReports, nextReport, unsentReports } from './reports.ts'
import type { ReplicaContext } from './run.ts'
import { noteHeard, transact } from './run.ts'
import { readOffset } from './device-clock.ts'
import { tell } from './tell.ts'
import type { Outcome } from './transport.ts'
import type { StoreTx } from './store.ts'
import { getMeta, startOver } from './tables.ts'
import { checkObject, checkSessions } from './wire.ts'

/** Requests of reports after one session; the rest goes after the next. */
const REPORT_REQUESTS_MAX = 4

/**
 * Tells the server what it cannot see for itself: the reports of sessions that ended, and that the device is at rest
 * now. A failure leaves the reports for the next time; the next session finds out why.
 */
export async function settle(context: ReplicaContext): Promise<void> {
  const { token, errands, ...first } = await transact(context, async (tx) => ({
    ...(await readErrands(tx)),
    ...(await readUnsent(tx, Infinity)),
  }))
  if (token === null || context.abort.aborted) return
  let left: Unsent | null = first
  for (let request = 0; request < REPORT_REQUESTS_MAX && left.unsent.length > 0; request++) {
    left = await sendReports(context, token, left)
    if (!left) return
  }
  await heartbeat(context, await runErrands(context, token, errands))
}

/** Reports to send, and what the server shifts their times by. */
interface Unsent {
  readonly unsent: readonly UnsentReport[]
  readonly offsetMs: number | undefined
  /** One after a refusal, so that the culprit is found. */
  readonly countMax: number
}

const readUnsent = async (tx: StoreTx, countMax: number): Promise<Unsent> => ({
  unsent: (await unsentReports(tx)).slice(0, countMax),
  offsetMs: (await readOffset(tx))?.offsetMs,
  countMax,
})

/** Gives what is left to send; null when nothing goes through. */
async function sendReports(
  context: ReplicaContext,
  token: string,
  { unsent, offsetMs, countMax }: Unsent,
): Promise<Unsent | null> {
  const sessions = unsent.map(({ report }) => report)
  const body = JSON.stringify({ sessions, offsetMs })
  const call = {
    kind: 'sessions',
    credential: token,
    body,
    check: checkSessions,
  } as const
  const outcome = await tell(context, call)
  if (!outcome.ok && outcome.failure.kind !== 'refused') return null
  if (!outcome.ok && sessions.length > 1) return { unsent: unsent.slice(0, 1), offsetMs, countMax: 1 }
  if (!outcome.ok)
    context.log('report_dropped', { sessionId: sessions[0]?.sessionId ?? '', code: outcome.failure.code })
  const differs = outcome.ok && outcome.value.results.some(({ resync }) => resync === 'state_hash')
  if (differs) context.log('state_differs', {})
  return transact(context, async (tx) => {
    await dropReports(tx, unsent)
    if (differs) await startOver(tx, 'state_hash')
    return readUnsent(tx, countMax)
  })
}

/**
 * Says that the device lives and rests, with its queue; brings back commands and the config's version, and which of the
 * conflicts that may have been decided were. What others handed over is asked about while it awaits something.
 */
export async function heartbeat(context: ReplicaContext, token: string): Promise<Outcome<JsonObject>> {
  const { machine, random } = context
  const { report, asked, awaited } = await transact(context, async (tx) => ({
    report: await nextReport(tx, machine.state(), random),
    asked: await unsureConflicts(tx),
    awaited: (await getMeta(tx, 'hasHeard')) && (await crdtParts().heard.awaited(tx, random)),
  }))
  const conflicts = asked[0] && asked.map(({ conflictId }) => conflictId)
  const body = JSON.stringify({ report, conflicts, awaited })
  const call = {
    kind: 'heartbeat',
    credential: token,
    body,
    check: checkObject,
  } as const
  const outcome = await tell(context, call)
  // A paused device is refused, but heard.
  if (outcome.ok || outcome.failure.code === 'device_paused') await noteHeard(context, report)
  if (outcome.ok && (conflicts ?? awaited))
    await transact(context, async (tx) => {
      if (conflicts) await forkParts().noteAnswered(tx, asked, outcome.value)
      if (awaited) await crdtParts().heard.noteFates(tx, outcome.value)
    })
  return outcome
}
