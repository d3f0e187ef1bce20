import type { SessionEvent, SessionState } from '#lib/engine/session-machine.ts'
import { assert } from '#lib/kernel/result.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { SessionReport } from '#lib/protocol/session.ts'
import { toIso } from './clock.ts'
import { stateReport } from './on-demand.ts'
import { commitPage, pull, resolvePage, resync } from './pull-step.ts'
import { push } from './push-step.ts'
import { fileAbandoned, fileReport, startReport } from './reports.ts'
import type { ReplicaContext, Run } from './run.ts'
import { SessionAborted, transact } from './run.ts'
import { scan } from './scan-step.ts'
import { SessionLost } from './session-lock.ts'
import type { StoreTx } from './store.ts'
import { getMeta, setMeta } from './tables.ts'

const STEPS = {
  scanning: scan,
  pushing: push,
  pulling: pull,
  resolving: resolvePage,
  committing: commitPage,
  resyncing: resync,
} as const satisfies Partial<Record<SessionState, (run: Run) => Promise<SessionEvent>>>

const isActive = (state: SessionState): state is keyof typeof STEPS => Object.hasOwn(STEPS, state)

/** How a session ended; `trouble` is null after a good one. */
export interface SessionEnd {
  readonly state: SessionState
  readonly result: SessionReport['result']
  readonly trouble: Run['trouble']
  /** What the device shows may have moved: an answered push, what was pulled, or set aside. */
  readonly changed: boolean
  /** When to ask again for a full sync that waits for its turn (TK7); null when none does. */
  readonly askAgainMs: number | null
}

/**
 * One run of the state machine, from a state of rest to the next one (SM1). The caller holds the session
 * lock. Each step acts and answers with an event; the machine alone says what comes next.
 */
export async function runSession(context: ReplicaContext, event: 'start' | 'wait_over'): Promise<SessionEnd> {
  const { machine, clock, random } = context
  const report = await transact(context, async (tx) => {
    await fileAbandoned(tx, clock.now())
    await setMeta(tx, 'sessionFrom', await getMeta(tx, 'nextPosition'))
    return startReport(tx, uuidv7(clock.now(), random), clock.now())
  })
  const run: Run = {
    ...context,
    report,
    page: null,
    texts: 'since',
    pushes: 0,
    trouble: null,
    askAgainMs: null,
  }
  machine.take(event)
  for (let state = machine.state(); isActive(state); state = machine.state()) {
    const taken = machine.take(await step(run, state))
    assert(taken, `${state} takes what its step answers`)
  }
  return finish(run)
}

async function step(run: Run, state: keyof typeof STEPS): Promise<SessionEvent> {
  try {
    return await STEPS[state](run)
  } catch (error) {
    // Closed, or another process took over: this run is over, and what it left is resumed by the next one (SM3).
    if (error instanceof SessionAborted || error instanceof SessionLost) {
      run.trouble = { failure: 'server_error', retryAfterMs: null, code: error.code }
      return 'restarted'
    }
    run.log('store_failed', { state, message: String(error) })
    run.trouble = { failure: 'server_error', retryAfterMs: null, code: codeOf(error) }
    return 'failed'
  }
}

const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : 'internal'
}

async function finish(run: Run): Promise<SessionEnd> {
  const state = run.machine.state()
  const { trouble } = run
  const cutOff = trouble?.code === 'session_aborted' || trouble?.code === 'session_lost'
  const result = cutOff ? 'abandoned' : state === 'idle' ? 'ok' : 'failed'
  const report = {
    ...run.report,
    result,
    endedAt: toIso(run.clock.now()),
    transitions: run.machine.drain(),
  } as const
  try {
    const file = (tells: boolean): Promise<void> =>
      transact(run, async (tx) => fileReport(tx, tells ? await withStateHash(tx, run, report) : report))
    // Without the part that tells the state, which may not be there to fetch, the report goes out all the same.
    await (result === 'ok' ? file(true).catch(() => file(false)) : file(false))
  } catch (error) {
    // The report is lost, or the next session tells it as abandoned; the session itself stands as it ended.
    run.log('report_dropped', { sessionId: report.sessionId, message: String(error) })
  }
  const changed =
    run.pushes + report.pulled > 0 || report.localRefusals !== undefined || run.hasEnded === true
  return { state, result, trouble, changed, askAgainMs: run.askAgainMs }
}

/**
 * The report with the device's state hash, when one is due after a good session. Counting begins at a random moment, so
 * that a fleet's checks are spread.
 */
async function withStateHash(
  tx: StoreTx,
  { clock, random, stateToldEveryMs }: Run,
  report: SessionReport,
): Promise<SessionReport> {
  const nowMs = clock.now()
  const told = await getMeta(tx, 'stateTold')
  if (told === null) await setMeta(tx, 'stateTold', nowMs - Math.floor(random() * stateToldEveryMs))
  // A time ahead of now comes from a clock that was set back.
  const isDue = told !== null && (nowMs - told >= stateToldEveryMs || told > nowMs)
  return isDue ? stateReport().withStateHash(tx, report, nowMs) : report
}
