import { z } from 'zod'
import { ackInput, noteInput, ownerInput } from '#lib/application/alerts/change-incident.ts'
import { entriesQuery, incidentsQuery } from '#lib/application/alerts/incidents.ts'
import { previewInput } from '#lib/application/alerts/preview-rule.ts'
import { alertRule } from '#lib/application/alerts/rule-input.ts'
import { ruleChange, ruleReset } from '#lib/application/alerts/save-rule.ts'
import { silenceChange, silenceEnd, silenceInput, silencesQuery } from '#lib/application/alerts/silences.ts'
import { filterInput } from '#lib/application/filter.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { SEVERITIES } from '#lib/protocol/notice.ts'
import { RULE_FIELDS } from '#lib/query/alert-fields.ts'
import { CAUSE_DIMENSIONS } from '#lib/telemetry/alerts/cause.ts'
import { ENTRY_KINDS } from '#lib/telemetry/alerts/incident.ts'
import { FAMILIES } from '#lib/telemetry/alerts/rule.ts'
import { listOf } from './contract-answers.ts'
import type { AdminOperation } from './operation.ts'
import { wholeQuery } from './whole-list.ts'

/** What the operator API takes and gives about alerts. Times ending in `Ms` are Unix ms. */
const count = z.int().min(0)
const ms = z.int()
const severity = z.enum(SEVERITIES)
const family = z.enum(FAMILIES)
const person = z.object({ id: z.string(), name: z.string() })
const group = z.object({
  collection: z.string().optional(),
  appVersion: z.string().optional(),
  scope: z.string().optional(),
})
const status = z.enum(['inactive', 'pending', 'firing', 'no_data'])
const rule = z.object({
  rule: alertRule,
  origin: z.enum(['shipped', 'changed', 'own']),
  version: count,
  changed: z.object({ changedAtMs: ms, changedBy: person }).nullable(),
  parts: z.array(z.object({ group, status, sinceMs: ms })),
  lastFiredMs: ms.nullable(),
  runbook: z.string(),
})
const cause = z.object({
  sentence: z.string(),
  noun: z.string(),
  findings: z.array(
    z.object({
      dimension: z.enum(CAUSE_DIMENSIONS),
      key: z.string(),
      part: z.number(),
      whole: z.number().nullable(),
      ofPart: z.number(),
      ofWhole: z.number().nullable(),
    }),
  ),
})
const suppression = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('silence'), silenceId: uuid }),
  z.object({ kind: z.literal('rule'), rule: z.string() }),
])
const incident = z.object({
  id: uuid,
  fleetId: uuid,
  number: count,
  name: z.string(),
  family,
  group,
  state: z.enum(['open', 'resolved']),
  severity,
  title: z.string(),
  cause: cause.nullable(),
  link: z.object({ label: z.string(), path: z.string() }).nullable(),
  openedAtMs: ms,
  resolvedAtMs: ms.nullable(),
  alerts: z.array(
    z.object({
      rule: z.string(),
      severity,
      group,
      startedAtMs: ms,
      endedAtMs: ms.nullable(),
      noData: z.boolean(),
      summary: z.string(),
      suppressedBy: suppression.nullable(),
    }),
  ),
  toldSeverity: severity.nullable(),
  ack: z.object({ by: person, atMs: ms }).nullable(),
  owner: z.string().nullable(),
  version: count,
  suppressed: z.boolean(),
  path: z.string(),
  runbook: z.string(),
})
const entry = z.object({
  id: uuid,
  incidentId: uuid,
  atMs: ms,
  kind: z.enum(ENTRY_KINDS),
  rule: z.string().nullable(),
  severity: severity.nullable(),
  text: z.string(),
  by: person.nullable(),
})
const silence = z.object({
  id: uuid,
  fleetId: uuid,
  matchers: silenceInput.shape.matchers,
  comment: z.string(),
  startsAtMs: ms,
  endsAtMs: ms,
  by: person,
  createdAtMs: ms,
  endedAtMs: ms.nullable(),
  version: count,
  phase: z.enum(['ahead', 'active', 'over']),
})
const preview = z.object({
  fromMs: ms,
  toMs: ms,
  stepMs: ms,
  past: z
    .object({
      fired: count,
      firingMs: count,
      episodes: z.array(
        z.object({
          group,
          firedAtMs: ms,
          endedAtMs: ms.nullable(),
          peak: z.number().nullable(),
        }),
      ),
      points: z.array(z.object({ atMs: ms, value: z.number().nullable(), bound: z.number().nullable() })),
      pointsOf: group,
      partsLeftOut: count,
    })
    .nullable(),
  tests: z.array(z.array(z.object({ atMs: ms, key: z.string(), status: status.nullable() }))),
})

/** By `METHOD pattern` of the route table. */
export const ALERT_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /alerts/status': {
    summary: 'How many incidents are open and unread, and how old the last evaluation is',
    answer: z.object({
      open: count,
      unread: count,
      critical: count,
      evaluation: z.object({ atMs: ms, ageMs: count, tookMs: count, fleetsFailed: count }).nullable(),
      stopped: z.boolean(),
    }),
  },
  'GET /alerts/rules': {
    summary: 'The rules of a fleet, shipped and its own, with where each stands',
    query: wholeQuery.omit({ fleet: true }).extend({ q: filterInput(RULE_FIELDS) }),
    answer: listOf(rule),
  },
  'POST /alerts/rules': {
    summary: "Make a rule of the fleet's own",
    body: alertRule,
    answer: rule,
    codes: ['already_exists', 'stale_version'],
  },
  'POST /alerts/rules/preview': {
    summary: 'What a rule would have done over the past 30 days, and over series that are given',
    body: previewInput,
    answer: preview,
  },
  'GET /alerts/rules/:rule': { summary: 'One rule', answer: rule },
  'PATCH /alerts/rules/:rule': {
    summary: 'Change a rule, a shipped one for this fleet alone',
    body: ruleChange,
    answer: rule,
    codes: ['stale_version'],
  },
  'DELETE /alerts/rules/:rule': {
    summary: 'Remove a rule; a shipped one is as shipped again',
    body: ruleReset,
    answer: z.object({ name: z.string() }),
    codes: ['stale_version'],
  },
  'GET /alerts/incidents': {
    summary: 'Incidents of a fleet, newest first',
    query: incidentsQuery,
    answer: listOf(incident),
  },
  'GET /alerts/incidents/:id': { summary: 'One incident', answer: incident },
  'GET /alerts/incidents/:id/entries': {
    summary: 'What happened to an incident, newest first',
    query: entriesQuery,
    answer: listOf(entry),
  },
  'POST /alerts/incidents/:id/ack': {
    summary: 'Take an incident on; it ends when the incident does, or gets worse',
    body: ackInput,
    bodyRequired: false,
    answer: incident,
    codes: ['incident_resolved'],
  },
  'DELETE /alerts/incidents/:id/ack': {
    summary: 'Take that back',
    body: ackInput,
    bodyRequired: false,
    answer: incident,
    codes: ['incident_resolved'],
  },
  'POST /alerts/incidents/:id/owner': {
    summary: 'Say who has an incident',
    body: ownerInput,
    answer: incident,
  },
  'POST /alerts/incidents/:id/notes': {
    summary: 'Add a note to an incident',
    body: noteInput,
    answer: incident,
  },
  'GET /alerts/silences': {
    summary: 'Silences of a fleet, newest first',
    query: silencesQuery,
    answer: listOf(silence),
  },
  'POST /alerts/silences': {
    summary: 'Silence what matches for a time, now or later',
    body: silenceInput,
    answer: silence,
  },
  'PATCH /alerts/silences/:id': {
    summary: 'Give a silence another end or comment',
    body: silenceChange,
    answer: silence,
    codes: ['stale_version', 'silence_over'],
  },
  'DELETE /alerts/silences/:id': {
    summary: 'End a silence now',
    body: silenceEnd,
    answer: silence,
    codes: ['stale_version', 'silence_over'],
  },
}
