import type { Severity } from '#lib/protocol/notice.ts'
import type { AlertInput, Fleet, Notice, TrackedPart } from '#lib/storage/ports.ts'
import { describe } from '#lib/telemetry/alerts/describe.ts'
import type { Folded } from '#lib/telemetry/alerts/fold-incidents.ts'
import { foldIncidents } from '#lib/telemetry/alerts/fold-incidents.ts'
import type { Evidence, Incident } from '#lib/telemetry/alerts/incident.ts'
import { isActive } from '#lib/telemetry/alerts/incident.ts'
import type { Reading } from '#lib/telemetry/alerts/read-condition.ts'
import { readCondition } from '#lib/telemetry/alerts/read-condition.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import { labelsOf } from '#lib/telemetry/alerts/rule.ts'
import type { Part, Signals } from '#lib/telemetry/alerts/signals.ts'
import { subjectText } from '#lib/telemetry/alerts/subject.ts'
import type { FiringAlert } from '#lib/telemetry/alerts/suppress.ts'
import { isIdle, statusOf, track } from '#lib/telemetry/alerts/tracker.ts'
import type { Surroundings } from '../surroundings.ts'
import { findEvidence } from './find-evidence.ts'
import type { FleetFigures } from './fleet-figures.ts'
import type { FleetLimits } from './fleet-limits.ts'
import { rulesOfFleet, shippedRule } from './fleet-rules.ts'
import { liveSignals } from './live-signals.ts'
import { noticeOf } from './notice-of.ts'
import type { ScopeStanding } from './standing.ts'

/** Parts of one rule that are looked at; more versions than these are `other` anyway. */
const PARTS_PER_RULE_MAX = 200
/** Incidents whose evidence is looked for in one evaluation; the others have their turn at the next one. */
const EVIDENCE_PER_ROUND_MAX = 5
/** An incident's evidence is looked for again while it is young: the first minute of it shows little. */
const EVIDENCE_FOR_MS = 10 * 60_000
const EVIDENCE_EVERY_MS = 60_000
/** A dead token that was shown within this is news still. */
const DEAD_TOKENS_FOR_MS = 3_600_000

type Deps = Pick<Surroundings, 'storage' | 'clock' | 'ids'>

export interface FleetEvaluation {
  readonly fleet: Fleet
  readonly figures: FleetFigures
  readonly scopes: ReadonlyMap<string, ScopeStanding>
  readonly limitsOf: FleetLimits
}

export interface FleetEvaluated {
  readonly rules: number
  /** Alerts that fire, by severity. */
  readonly firing: Readonly<Record<Severity, number>>
}

/** One evaluation of all rules of a fleet, in one transaction with what comes of it. */
export async function evaluateFleet(deps: Deps, of: FleetEvaluation): Promise<FleetEvaluated> {
  const { storage, clock } = deps
  const { fleet, figures, scopes, limitsOf } = of
  const nowMs = clock.now()
  const [input, oldestMs, deadTokenDevices] = await Promise.all([
    storage.alerts.input(fleet.id, nowMs),
    storage.telemetry.oldestUnfoldedMs(fleet.id),
    storage.deadTokens.countSince(fleet.id, nowMs - DEAD_TOKENS_FOR_MS),
  ])
  const rules = rulesOfFleet(input.rules).flatMap(({ rule }) => (rule.enabled ? [rule] : []))
  await figures.refresh(nowMs, rules)
  const { oldestUnresolvedMs } = input
  const signals = liveSignals(figures, {
    scopes,
    limitsOf,
    deadTokenDevices,
    foldLagMs: oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs),
    oldestUnresolvedAgeMs: oldestUnresolvedMs === null ? null : nowMs - oldestUnresolvedMs,
  })
  const { states: ofRules, firing } = trackAll(input, rules, signals, nowMs)
  const { states: ofHolds, quieting } = trackHolds(input, scopes, nowMs)
  const states = [...ofRules, ...ofHolds]
  const evidence = await evidenceOf(deps, fleet.id, input.open, firing, nowMs)
  const { open, silences, nextNumber } = input
  const folded = foldIncidents({
    fleetId: fleet.id,
    open,
    firing,
    quieting,
    silences,
    evidence,
    nextNumber,
    nowMs,
    ids: deps.ids,
  })
  await commit(deps, fleet, input, states, folded, nowMs)
  const bySeverity = { info: 0, warning: 0, critical: 0 }
  for (const { rule } of firing) bySeverity[rule.severity] += 1
  return { rules: rules.length, firing: bySeverity }
}

/** A person who acted meanwhile comes first: the next evaluation sees what they did. */
async function commit(
  { storage, ids }: Deps,
  fleet: Fleet,
  before: AlertInput,
  states: readonly TrackedPart[],
  { incidents, entries, tellings }: Folded,
  nowMs: number,
): Promise<void> {
  const isQuiet = incidents.length === 0 && JSON.stringify(states) === JSON.stringify(before.states)
  if (isQuiet) return
  const notices = tellings.map(({ incident, state, severity }): Notice =>
    noticeOf(incident, { id: ids(), fleetName: fleet.name, state, severity, atMs: nowMs }),
  )
  const next = { revision: before.revision + 1, evaluatedAtMs: nowMs, states }
  await storage.alerts.commit(fleet.id, { next, incidents, entries, notices })
}

interface TrackedAll {
  readonly states: readonly TrackedPart[]
  readonly firing: readonly FiringAlert[]
}

function trackAll(
  { states }: AlertInput,
  rules: readonly AlertRule[],
  signals: Signals,
  nowMs: number,
): TrackedAll {
  const before = new Map(states.map((one) => [nameOf(one.rule, one), one.tracked]))
  const next: TrackedPart[] = []
  const firing: FiringAlert[] = []
  for (const rule of rules) {
    const known = states.filter((one) => one.rule === rule.name && one.by === rule.groupBy)
    const keys = new Set([...known.map(({ key }) => key), ...signals.keys(rule.groupBy)])
    for (const key of [...keys].slice(0, PARTS_PER_RULE_MAX)) {
      const part: Part = { by: rule.groupBy, key }
      const reading = readCondition(rule.condition, signals, part)
      const tracked = track(before.get(nameOf(rule.name, part)) ?? null, reading, nowMs, rule)
      if (isIdle(tracked)) continue
      next.push({ rule: rule.name, by: part.by, key, tracked })
      if (tracked.held.kind === 'firing')
        firing.push({
          rule,
          group: labelsOf(part.by, key),
          firedAtMs: tracked.held.firedAtMs,
          isFading: tracked.held.clearSinceMs !== null,
          noData: statusOf(tracked, rule, nowMs) === 'no_data',
          summary: summaryOf(rule, reading),
        })
    }
  }
  return { states: next, firing }
}

/** No rule has this name: theirs hold no colon. */
const HELD_SHUT = 'breaker-open:held'
/** Devices come back one after the other once people let them. */
const HELD_TIMES = { forMs: 0, keepFiringMs: 5 * 60_000 }

/**
 * Breakers that people hold open stop the same as one that opened by itself, and who did it knows: what they keep from
 * happening is told to nobody, and they are no incident.
 */
function trackHolds(
  { states }: AlertInput,
  scopes: ReadonlyMap<string, ScopeStanding>,
  nowMs: number,
): { readonly states: readonly TrackedPart[]; readonly quieting: readonly FiringAlert[] } {
  const before = new Map(states.flatMap((one) => (one.rule === HELD_SHUT ? [[one.key, one.tracked]] : [])))
  const opens = shippedRule('breaker-open')
  if (opens === null) throw new Error('the rule of an open breaker is shipped')
  const next = [...new Set([...before.keys(), ...scopes.keys()])].flatMap((key): TrackedPart[] => {
    const isHeld = scopes.get(key)?.isHeldShut === true
    const tracked = track(before.get(key) ?? null, { breached: isHeld, holds: isHeld }, nowMs, HELD_TIMES)
    return isIdle(tracked) ? [] : [{ rule: HELD_SHUT, by: 'scope', key, tracked }]
  })
  const quieting = next.map(({ by, key, tracked: { held } }): FiringAlert => ({
    rule: opens,
    group: labelsOf(by, key),
    firedAtMs: held.kind === 'firing' ? held.firedAtMs : nowMs,
    isFading: false,
    noData: false,
    summary: '',
  }))
  return { states: next, quieting }
}

const SUMMARY_MAX = 300
const summaryOf = (rule: AlertRule, reading: Reading | null): string =>
  describe(rule, reading).slice(0, SUMMARY_MAX)

const nameOf = (rule: string, { by, key }: Part): string => `${rule} ${by} ${key}`

/** Of incidents that begin, and of young ones once a minute. */
async function evidenceOf(
  deps: Deps,
  fleetId: string,
  open: readonly Incident[],
  firing: readonly FiringAlert[],
  nowMs: number,
): Promise<ReadonlyMap<string, Evidence>> {
  const wanted = new Map<string, FiringAlert>()
  for (const alert of firing) {
    const subject = subjectText(alert.rule.family, alert.group)
    if (wanted.has(subject)) continue
    const incident = open.find((one) => one.subject === subject)
    if (incident === undefined || isEvidenceDue(incident, nowMs)) wanted.set(subject, alert)
  }
  const looked = [...wanted].slice(0, EVIDENCE_PER_ROUND_MAX)
  const found = await Promise.all(
    looked.map(
      async ([subject, alert]) => [subject, await findEvidence(deps, fleetId, alert, nowMs)] as const,
    ),
  )
  return new Map(found)
}

function isEvidenceDue({ openedAtMs, alerts }: Incident, nowMs: number): boolean {
  const ageMs = nowMs - openedAtMs
  return alerts.some(isActive) && ageMs < EVIDENCE_FOR_MS && ageMs % EVIDENCE_EVERY_MS < EVALUATED_EVERY_MS
}

/** The period of evaluations (issue 8). */
export const EVALUATED_EVERY_MS = 15_000
