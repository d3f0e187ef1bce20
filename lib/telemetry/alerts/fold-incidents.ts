import type { Severity } from '#lib/protocol/notice.ts'
import type { Cause } from './cause.ts'
import type { EntryKind, Evidence, Incident, IncidentAlert, IncidentEntry, Suppression } from './incident.ts'
import { INCIDENT_ALERTS_MAX, isActive } from './incident.ts'
import { isWorse, worstOf } from './severity.ts'
import type { Silence } from './silence.ts'
import { subjectOf, subjectText } from './subject.ts'
import type { FiringAlert } from './suppress.ts'
import { suppressionOf } from './suppress.ts'

/** What somebody has to be told: that it began or got worse, or that it is over. */
export interface Telling {
  readonly incident: Incident
  readonly state: 'firing' | 'resolved'
  readonly severity: Severity
}

export interface FoldInput {
  readonly fleetId: string
  readonly open: readonly Incident[]
  readonly firing: readonly FiringAlert[]
  /** What keeps others silent as if it fired, and is no incident itself. */
  readonly quieting: readonly FiringAlert[]
  readonly silences: readonly Silence[]
  /** By subject, of those that were looked for. */
  readonly evidence: ReadonlyMap<string, Evidence>
  /** The number of the next incident. */
  readonly nextNumber: number
  readonly nowMs: number
  readonly ids: () => string
}

export interface Folded {
  /** Those that are new or changed. */
  readonly incidents: readonly Incident[]
  readonly entries: readonly IncidentEntry[]
  readonly tellings: readonly Telling[]
  readonly nextNumber: number
}

/** Takes what fires now into the incidents that are open, opens others, and ends those of which nothing fires. Pure. */
export function foldIncidents(input: FoldInput): Folded {
  const { fleetId, open, firing, evidence, nowMs, ids } = input
  const bySubject = new Map<string, FiringAlert[]>()
  for (const alert of firing) {
    const subject = subjectText(alert.rule.family, alert.group)
    const found = bySubject.get(subject)
    if (found) found.push(alert)
    else bySubject.set(subject, [alert])
  }
  let { nextNumber } = input
  const begun = [...bySubject].flatMap(([subject, alerts]) =>
    open.some((incident) => incident.subject === subject) || alerts[0] === undefined
      ? []
      : [newIncident({ fleetId, id: ids(), number: nextNumber++, subject, nowMs }, alerts[0])],
  )
  const results = [...open, ...begun].map((incident) =>
    new Fold(incident, input).run(
      bySubject.get(incident.subject) ?? [],
      evidence.get(incident.subject) ?? NO_EVIDENCE,
    ),
  )
  const changed = results.filter(({ isChanged }) => isChanged)
  return {
    incidents: changed.map(({ incident }) => incident),
    entries: inOrder(changed.flatMap(({ entries }) => entries)),
    tellings: changed.flatMap(({ telling }) => telling ?? []),
    nextNumber,
  }
}

/** All are of one moment, and lists go by time and id: the ids say in which order they came. */
function inOrder(entries: readonly IncidentEntry[]): readonly IncidentEntry[] {
  const ids = entries.map(({ id }) => id).sort()
  return entries.map((entry, i) => ({ ...entry, id: ids[i] ?? entry.id }))
}

const NO_EVIDENCE: Evidence = { cause: null, link: null }

function newIncident(
  of: Pick<Incident, 'fleetId' | 'id' | 'number' | 'subject'> & { readonly nowMs: number },
  { rule, group }: FiringAlert,
): Incident {
  const { nowMs, ...rest } = of
  return {
    ...rest,
    family: rule.family,
    group: subjectOf(group),
    state: 'open',
    severity: rule.severity,
    title: rule.title,
    cause: null,
    link: null,
    openedAtMs: nowMs,
    resolvedAtMs: null,
    alerts: [],
    toldSeverity: null,
    ack: null,
    owner: null,
    version: 0,
  }
}

interface FoldedOne {
  readonly incident: Incident
  readonly entries: readonly IncidentEntry[]
  readonly telling: Telling | null
  readonly isChanged: boolean
}

/** One incident through one evaluation. */
class Fold {
  private readonly before: Incident
  private readonly input: FoldInput
  private readonly entries: IncidentEntry[] = []

  constructor(before: Incident, input: FoldInput) {
    this.before = before
    this.input = input
  }

  run(firing: readonly FiringAlert[], { cause, link }: Evidence): FoldedOne {
    const { before } = this
    const { nowMs } = this.input
    const alerts = this.alertsOf(firing)
    const active = alerts.filter(isActive)
    const isOver = active.length === 0
    const severity = this.severityOf(active)
    const isRaised = before.version > 0 && isWorse(severity, before.severity)
    const isNewCause = cause !== null && cause.sentence !== before.cause?.sentence
    // The same with other figures is no news, and yet what one wants to read.
    if (isNewCause && standsOut(cause) !== standsOut(before.cause))
      this.note('cause', null, null, cause.sentence)
    if (isRaised) this.note('raised', null, severity, '')
    // Whoever took it on took on something smaller.
    const ack = isRaised || isOver ? null : before.ack
    const title = before.version === 0 || isRaised ? titleOf(alerts, before) : before.title
    const next: Incident = {
      ...before,
      state: isOver ? 'resolved' : 'open',
      severity,
      title,
      cause: isNewCause ? cause : before.cause,
      link: link ?? before.link,
      resolvedAtMs: isOver ? nowMs : null,
      alerts: keptOf(alerts),
      ack,
      version: before.version + 1,
    }
    const fading = new Set(firing.flatMap((one) => (one.isFading ? [alertKey(one.rule.name, one)] : [])))
    const telling = this.tellingOf(
      next,
      active,
      active.filter((one) => one.suppressedBy === null && !fading.has(alertKey(one.rule, one))),
    )
    if (telling) this.note('told', null, telling.severity, telling.state)
    if (isOver) this.note('resolved', null, null, '')
    const incident = telling?.incident ?? next
    return { incident, entries: this.entries, telling, isChanged: isNewCause || this.entries.length > 0 }
  }

  /** Those that were there, as they are now, and then those that came. */
  private alertsOf(firing: readonly FiringAlert[]): readonly IncidentAlert[] {
    const { before } = this
    const { nowMs, silences } = this.input
    const loud = [...this.input.firing, ...this.input.quieting]
    const rest = new Map(firing.map((alert) => [alertKey(alert.rule.name, alert), alert]))
    const known = before.alerts.map((alert) => {
      if (!isActive(alert)) return alert
      const key = alertKey(alert.rule, alert)
      const now = rest.get(key)
      rest.delete(key)
      if (now === undefined) {
        this.note('ended', alert.rule, null, '')
        return { ...alert, endedAtMs: nowMs, noData: false, suppressedBy: null }
      }
      if (now.noData !== alert.noData) this.note(now.noData ? 'unknown' : 'known', alert.rule, null, '')
      const suppressedBy = suppressionOf(now, loud, silences, nowMs)
      this.noteSuppression(alert.rule, alert.suppressedBy, suppressedBy)
      return { ...alert, noData: now.noData, suppressedBy }
    })
    const came = [...rest.values()].map((alert): IncidentAlert => {
      const { rule, group, firedAtMs, noData, summary } = alert
      const suppressedBy = suppressionOf(alert, loud, silences, nowMs)
      const isFirst = before.version === 0 && this.entries.every(({ kind }) => kind !== 'opened')
      this.note(isFirst ? 'opened' : 'joined', rule.name, rule.severity, summary)
      this.noteSuppression(rule.name, null, suppressedBy)
      const { name, severity } = rule
      return {
        rule: name,
        severity,
        group,
        startedAtMs: firedAtMs,
        endedAtMs: null,
        noData,
        summary,
        suppressedBy,
      }
    })
    return [...known, ...came]
  }

  private severityOf(active: readonly IncidentAlert[]): Severity {
    const { before } = this
    const worst = worstOf(active.map(({ severity }) => severity))
    if (worst === null) return before.severity
    return before.version === 0 || isWorse(worst, before.severity) ? worst : before.severity
  }

  /** The end is told of whatever was told before, silenced or not. */
  private tellingOf(
    next: Incident,
    active: readonly IncidentAlert[],
    tellable: readonly IncidentAlert[],
  ): Telling | null {
    const told = next.toldSeverity
    if (active.length === 0)
      return told === null ? null : { incident: next, state: 'resolved', severity: told }
    const worst = worstOf(tellable.map(({ severity }) => severity))
    if (worst === null || (told !== null && !isWorse(worst, told))) return null
    return { incident: { ...next, toldSeverity: worst }, state: 'firing', severity: worst }
  }

  private noteSuppression(rule: string, was: Suppression | null, is: Suppression | null): void {
    if (JSON.stringify(was) === JSON.stringify(is)) return
    if (is === null) this.note('freed', rule, null, '')
    else this.note('suppressed', rule, null, is.kind === 'rule' ? is.rule : is.silenceId)
  }

  private note(kind: EntryKind, rule: string | null, severity: Severity | null, text: string): void {
    const { ids, nowMs } = this.input
    this.entries.push({
      id: ids(),
      incidentId: this.before.id,
      atMs: nowMs,
      kind,
      rule,
      severity,
      text,
      by: null,
    })
  }
}

/** Without the oldest of those that have ended, where they are too many. */
function keptOf(alerts: readonly IncidentAlert[]): readonly IncidentAlert[] {
  let over = alerts.length - INCIDENT_ALERTS_MAX
  return alerts.filter((alert) => isActive(alert) || over-- <= 0)
}

const standsOut = (cause: Cause | null): string =>
  JSON.stringify((cause?.findings ?? []).map(({ dimension, key }) => [dimension, key]))

const alertKey = (rule: string, { group }: { readonly group: FiringAlert['group'] }): string =>
  JSON.stringify([rule, group.collection ?? null, group.appVersion ?? null, group.scope ?? null])

/** The one that people are told of: the first of the worst that fire, of those that have ended where none does. */
export function leadOf(alerts: readonly IncidentAlert[]): IncidentAlert | null {
  const active = alerts.filter(isActive)
  const of = active.length > 0 ? active : alerts
  const spoken = of.filter((one) => one.suppressedBy === null)
  const among = spoken.length > 0 ? spoken : of
  const worst = worstOf(among.map(({ severity }) => severity))
  return among.find(({ severity }) => severity === worst) ?? null
}

const TITLE_MAX = 200

function titleOf(alerts: readonly IncidentAlert[], { group, title }: Incident): string {
  const of = group.appVersion ?? group.collection
  const text = leadOf(alerts)?.summary ?? title
  return (of === undefined ? text : `${of}: ${text}`).slice(0, TITLE_MAX)
}
