import { durationText, pluralText } from '../format.ts'
import { sendingMs } from './pace.ts'
import type { DiagnosisTarget, Evidence, EvidenceLine, SessionEvidence } from './evidence.ts'

const FAILED_STATUS_MIN = 400

export const depthOf = ({ device }: Evidence): number => device.report?.depth ?? 0

/** How long ago, never below 0: clocks of processes differ a little. */
export const agoText = ({ nowMs }: Evidence, atMs: number): string => durationText(Math.max(0, nowMs - atMs))

export const line = (
  text: string,
  more: {
    readonly detail?: string | null
    readonly atMs?: number | null
    readonly link?: EvidenceLine['link']
  } = {},
): EvidenceLine => ({ text, detail: more.detail ?? null, atMs: more.atMs ?? null, link: more.link ?? null })

export const linkTo = (label: string, target: DiagnosisTarget): NonNullable<EvidenceLine['link']> => ({
  label,
  target,
})

/** "; its 14 changes are safe and wait on it", or nothing where nothing waits or it isn't known. */
export function safeText(evidence: Evidence): string {
  const depth = depthOf(evidence)
  if (depth === 0) return ''
  return depth === 1
    ? '; its 1 change is safe and waits on it'
    : `; its ${pluralText(depth, 'change')} are safe and wait on it`
}

/** What waits on the device as it last told, as a line of its own. */
export function queueLine(evidence: Evidence): EvidenceLine {
  const { report } = evidence.device
  if (report === null) return line('What waits on it is not known', { detail: 'it has sent no report' })
  if (report.depth === 0)
    return line('Nothing waits on it', { detail: 'as it last reported', atMs: report.atMs })
  const oldest =
    report.oldestMadeAtMs === null
      ? 'how old is not told'
      : `the oldest was made ${agoText(evidence, report.oldestMadeAtMs)} ago`
  return line(`${pluralText(report.depth, 'change')} waited on it when it last reported`, {
    detail: oldest,
    atMs: report.atMs,
  })
}

export const contactLine = (evidence: Evidence): EvidenceLine => {
  const { lastContactMs } = evidence.device
  return lastContactMs === null
    ? line('It was never heard')
    : line(`Last heard ${agoText(evidence, lastContactMs)} ago`, { atMs: lastContactMs })
}

/** The last request of a session that was not answered well: "push was answered 500 (internal)". */
export function failureText({ attempts }: SessionEvidence): string {
  const failed = attempts.findLast(({ status }) => status === 0 || status >= FAILED_STATUS_MIN)
  if (failed === undefined) return 'it did not say why'
  if (failed.status === 0) return `its ${failed.kind} got no answer`
  const code = failed.code === undefined ? '' : ` (${failed.code})`
  return `its ${failed.kind} was answered ${failed.status}${code}`
}

export const sessionLine = (evidence: Evidence, session: SessionEvidence): EvidenceLine =>
  line(
    session.result === 'failed'
      ? `Its last session failed: ${failureText(session)}`
      : `Its last session ended ${session.result === 'ok' ? 'well' : 'in the middle'}`,
    {
      detail: `${agoText(evidence, session.endedAtMs)} ago, ${session.pushed === null ? 'not told how many changes' : pluralText(session.pushed, 'change')} pushed`,
      atMs: session.endedAtMs,
      link: linkTo('session', { page: 'session', id: session.sessionId }),
    },
  )

export const failedLine = ({ device }: Evidence, failed: number): EvidenceLine =>
  line(`Its last ${failed} sessions failed`, {
    link: linkTo('sessions', { page: 'sessions', deviceId: device.id, result: 'failed' }),
  })

/** "N changes need about 6 s once they may go." */
export function drainText(evidence: Evidence): string {
  if (evidence.device.report === null) return 'What waits on it is not known.'
  const ms = sendingMs(evidence)
  const depth = depthOf(evidence)
  if (depth === 0) return 'Nothing waits on it.'
  if (ms === null)
    return `${pluralText(depth, 'change')} ${depth === 1 ? 'goes' : 'go'} out as soon as it may.`
  return `${pluralText(depth, 'change')} ${depth === 1 ? 'needs' : 'need'} about ${durationText(ms)} once it may send.`
}

/** When the queue is empty if sending may start at `atMs`; null where its pace is not known. */
export function drainedAt(evidence: Evidence, atMs: number): number | null {
  const ms = sendingMs(evidence)
  return ms === null ? null : atMs + ms
}
