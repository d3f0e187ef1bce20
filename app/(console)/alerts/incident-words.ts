import { capitalised, formatAge, formatCount, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { AlertStatusView } from '#lib/application/alerts/alert-status.ts'
import type { IncidentView } from '#lib/application/alerts/incidents.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { Severity } from '#lib/protocol/notice.ts'
import { SEVERITY_KINDS } from './rules/rule-words.ts'

export type IncidentAlertView = IncidentView['alerts'][number]

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 }

/** Those that speak before those that are kept silent; the worst first, and of equal ones the newest. Pure. */
export const inOrder = <T extends Pick<IncidentView, 'severity' | 'openedAtMs' | 'suppressed'>>(
  incidents: readonly T[],
): readonly T[] =>
  incidents.toSorted(
    (a, b) =>
      Number(a.suppressed) - Number(b.suppressed) ||
      RANK[a.severity] - RANK[b.severity] ||
      b.openedAtMs - a.openedAtMs,
  )

type Standing = Pick<IncidentView, 'state' | 'ack' | 'owner' | 'suppressed' | 'alerts'>

/** How an incident stands: over, silent, taken on, or waiting for somebody. Pure. */
export function standingOf({ state, ack, owner, suppressed, alerts }: Standing): {
  readonly kind: StatusKind
  readonly words: string
} {
  if (state === 'resolved') return { kind: 'ok', words: 'Resolved' }
  if (ack !== null) return { kind: 'held', words: `Taken on by ${ack.by.name}` }
  if (suppressed) return { kind: 'held', words: suppressedWords(alerts) }
  return { kind: 'warn', words: owner === null ? 'Nobody has it yet' : `Waits for ${owner}` }
}

/** Why nobody is told of it, of one of which all that fires keeps silent. Pure. */
function suppressedWords(alerts: readonly IncidentAlertView[]): string {
  const kinds = new Set(alerts.flatMap(({ suppressedBy }) => suppressedBy?.kind ?? []))
  return kinds.has('silence') ? (kinds.has('rule') ? 'Silenced and inhibited' : 'Silenced') : 'Inhibited'
}

/** How one alert stands. Pure. */
export function alertStanding({ endedAtMs, noData, suppressedBy }: IncidentAlertView): {
  readonly kind: StatusKind
  readonly words: string
} {
  if (endedAtMs !== null) return { kind: 'ok', words: 'well again' }
  if (suppressedBy?.kind === 'silence') return { kind: 'held', words: 'fires, silenced' }
  if (suppressedBy?.kind === 'rule')
    return { kind: 'held', words: `fires, inhibited by ${suppressedBy.rule}` }
  return noData ? { kind: 'unk', words: 'no data: not known to be over' } : { kind: 'crit', words: 'fires' }
}

/** Who has it, as a list says it. Pure. */
export function whoHas({ ack, owner }: Pick<IncidentView, 'ack' | 'owner'>): string {
  if (owner !== null) return ack === null ? `${owner}, not taken on` : owner
  return ack === null ? 'nobody yet' : ack.by.name
}

/** The verdict of the list. Pure. @param silent open ones of which nobody is told */
export function alertsVerdict(
  status: AlertStatusView,
  silent: number,
  lastEnded: Pick<IncidentView, 'name' | 'resolvedAtMs'> | null,
  nowMs: number,
): { readonly kind: StatusKind; readonly sentence: string; readonly evidence: string } {
  const { open, critical, unread, evaluation } = status
  if (status.stopped)
    return {
      kind: 'crit',
      sentence: 'Nobody looks: no incident is no news',
      evidence:
        evaluation === null
          ? 'Alerts have not been evaluated yet. That begins within 15 s of the start of a server that leads.'
          : `Alerts were evaluated last ${formatAge(evaluation.ageMs)}, and should be every 15 s. ${openText(open, critical, silent)}, as of then.`,
    }
  const failed = evaluation?.fleetsFailed ?? 0
  const looked = `All rules are looked at every 15 s; the last look was ${formatAge(evaluation?.ageMs)}`
  const trouble =
    failed === 0 ? looked : `${looked}, and the last round failed for ${plural(failed, 'fleet')}`
  if (open === 0)
    return {
      kind: failed === 0 ? 'ok' : 'warn',
      sentence: failed === 0 ? 'All is well: no incident is open' : 'No incident is open',
      evidence: `${trouble}. ${quietText(lastEnded, nowMs)}`,
    }
  const taken =
    unread === 0
      ? 'None waits for somebody to take it on'
      : `${formatCount(unread)} ${unread === 1 ? 'waits' : 'wait'} for somebody to take ${unread === 1 ? 'it' : 'them'} on`
  return {
    kind: critical > 0 ? 'crit' : 'warn',
    sentence: openText(open, critical, silent),
    evidence: `${taken}. ${trouble}.`,
  }
}

/** Of those that are kept silent their severity calls nobody: it is told of the others alone. */
function openText(open: number, critical: number, silent: number): string {
  if (open === 0) return 'No incident is open'
  const speaking = open - silent
  const grave =
    critical === 0
      ? ''
      : critical === speaking && silent === 0
        ? `, ${open === 1 ? '' : 'all '}critical`
        : `, ${formatCount(critical)} critical`
  const quiet = silent === 0 ? '' : `; ${silent === open ? '' : `${formatCount(silent)} `}kept silent`
  return `${plural(open, 'incident is', 'incidents are')} open${grave}${quiet}`
}

const quietText = (last: Parameters<typeof alertsVerdict>[2], nowMs: number): string =>
  last === null || last.resolvedAtMs === null
    ? 'No incident is kept of this fleet.'
    : `${last.name} was the last one, and ended ${formatAge(nowMs - last.resolvedAtMs)}.`

type Entry = {
  readonly kind: string
  readonly rule: string | null
  readonly severity: Severity | null
  readonly text: string
  readonly by: { readonly name: string } | null
}

/** One line of what happened; null of a kind has a plain mark. Pure. */
export function entryWords({ kind, rule, severity, text, by }: Entry): {
  readonly kind: StatusKind | null
  readonly words: string
} {
  const who = by?.name ?? 'Somebody'
  const of = rule ?? 'It'
  const bad = severity === null ? null : SEVERITY_KINDS[severity]
  switch (kind) {
    case 'opened':
      return { kind: bad, words: `Opened: ${text}` }
    case 'joined':
      return { kind: bad, words: `Also: ${text}` }
    case 'raised':
      return { kind: bad, words: `Raised to ${severity ?? 'worse'}` }
    case 'unknown':
      return { kind: 'unk', words: `${of}: its figure is not known any more` }
    case 'known':
      return { kind: null, words: `${of}: its figure is known again` }
    case 'ended':
      return { kind: 'ok', words: `${of} is well again` }
    case 'suppressed':
      return {
        kind: 'held',
        words: uuid.safeParse(text).success ? `${of} is silenced` : `${of} is inhibited by ${text}`,
      }
    case 'freed':
      return { kind: null, words: `${of} speaks again` }
    case 'told':
      return {
        kind: null,
        words: text === 'resolved' ? 'Its end goes out to the channels' : 'It goes out to the channels',
      }
    case 'cause':
      return { kind: null, words: `Likely cause: ${text}` }
    case 'resolved':
      return { kind: 'ok', words: 'Resolved: nothing fires any more' }
    case 'acknowledged':
      return { kind: 'held', words: `${who} took it on` }
    case 'unacknowledged':
      return { kind: null, words: `${who} gave it back` }
    case 'assigned':
      return { kind: null, words: text === '' ? `${who} took its owner away` : `${who} gave it to ${text}` }
    case 'noted':
      return { kind: null, words: `${who} noted: “${text}”` }
    default:
      return { kind: null, words: capitalised(`${kind} ${text}`.trim()) }
  }
}
