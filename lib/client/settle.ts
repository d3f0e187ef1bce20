import { noteAcknowledged } from './commands.ts'
import { readErrands, runErrands } from './errands.ts'
import { dropReports, nextReport, unsentReports } from './reports.ts'
import type { ReplicaContext } from './run.ts'
import { transact } from './run.ts'
import { readOffset } from './device-clock.ts'
import { tell } from './tell.ts'
import type { Outcome } from './transport.ts'
import { startOver } from './tables.ts'
import { checkNothing, checkSessions } from './wire.ts'

/** Requests of reports after one session; the rest goes after the next. */
const REPORT_REQUESTS_MAX = 4

/**
 * Tells the server what it cannot see for itself: the reports of sessions that ended, and that the device is at rest
 * now. A failure leaves the reports for the next time; the next session finds out why.
 */
export async function settle(context: ReplicaContext): Promise<void> {
  const { token, errands } = await transact(context, readErrands)
  if (token === null || context.abort.aborted) return
  let count = Infinity
  for (let request = 0; request < REPORT_REQUESTS_MAX; request++) {
    const sent = await sendReports(context, token, count)
    if (sent === 'failed') return
    if (sent === 'done') break
    if (sent === 'refused') count = 1
  }
  await heartbeat(context, await runErrands(context, token, errands))
}

async function sendReports(
  context: ReplicaContext,
  token: string,
  count: number,
): Promise<'done' | 'more' | 'refused' | 'failed'> {
  const { unsent, offset } = await transact(context, async (tx) => ({
    unsent: (await unsentReports(tx)).slice(0, count),
    offset: await readOffset(tx),
  }))
  if (unsent.length === 0) return 'done'
  const sessions = unsent.map(({ report }) => report)
  const body = JSON.stringify({ sessions, ...(offset ? { offsetMs: offset.offsetMs } : {}) })
  const call = {
    kind: 'sessions',
    method: 'POST',
    path: '/api/v1/sessions',
    credential: token,
    body,
    check: checkSessions,
  } as const
  const outcome = await tell(context, call)
  if (!outcome.ok && outcome.failure.kind !== 'refused') return 'failed'
  if (!outcome.ok && sessions.length > 1) return 'refused'
  if (!outcome.ok)
    context.log('report_dropped', { sessionId: sessions[0]?.sessionId ?? '', code: outcome.failure.code })
  const differs = outcome.ok && outcome.value.results.some(({ resync }) => resync === 'state_hash')
  if (differs) context.log('state_differs', {})
  await transact(context, async (tx) => {
    await dropReports(tx, unsent)
    if (differs) await startOver(tx, 'state_hash')
  })
  return 'more'
}

/** Says that the device lives and rests, with its queue; brings back commands and the config's version. */
export async function heartbeat(context: ReplicaContext, token: string): Promise<Outcome<true>> {
  const { machine, random } = context
  const report = await transact(context, (tx) => nextReport(tx, machine.state(), random))
  const body = JSON.stringify({ report })
  const call = {
    kind: 'heartbeat',
    method: 'POST',
    path: '/api/v1/heartbeat',
    credential: token,
    body,
    check: checkNothing,
  } as const
  const outcome = await tell(context, call)
  // A paused device is refused, but heard.
  if (outcome.ok || outcome.failure.code === 'device_paused')
    await transact(context, (tx) => noteAcknowledged(tx, report.ackCommands ?? []))
  return outcome
}
