import { z } from 'zod'
import type { Json } from '#lib/kernel/json.ts'
import { COMMAND_TYPES } from '#lib/protocol/command.ts'
import { PLATFORMS, STRATEGIES, TIE_RULES } from '#lib/protocol/device.ts'
import { jsonObject, uuid } from '#lib/protocol/mutation.ts'
import { SEVERITIES } from '#lib/protocol/notice.ts'
import { businessRule, upMigration } from '#lib/protocol/rules.ts'
import { SESSION_RESULTS } from '#lib/protocol/session.ts'
import { COHORT_MEASURES } from '#lib/telemetry/cohorts.ts'
import { CHECKS, DIAGNOSES } from '#lib/telemetry/diagnosis/evidence.ts'
import { LAG_STAGES } from '#lib/telemetry/lag-heat.ts'
import { mutationResult } from '../openapi-answers.ts'
import { letterAnswer, mutation, recordState } from './letter-answers.ts'
import { toldLog } from './contract-told.ts'

/** What the operator API answers, for its contract; the tests hold real answers to it. Times ending in `Ms` are Unix ms. */
const count = z.int().min(0)
const ms = z.int()
const json = z.custom<Json>()
export const role = z.enum(['viewer', 'operator', 'admin'])

/** A page of a list. `total` counts what the whole list has, where that is known. */
export const listOf = (item: z.ZodType) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable(), total: count.optional() })

export const fleetAnswer = z.object({
  id: uuid,
  name: z.string(),
  epoch: count,
  /** Before a restore raised it; left out where none has. */
  epochBefore: count.optional(),
  configVersion: count,
  settings: z.object({
    intervalMs: count,
    backoff: z.object({ baseMs: count, capMs: count }),
    minAppVersion: z.string().nullable(),
    allowedOrigins: z.array(z.string()),
    rateLimits: z.object({ devicePerMinute: count, fleetPerMinute: count }).optional(),
    fullSyncs: z.object({ perMinute: count, burst: count }).optional(),
    secondPersonAbove: count.optional(),
    thresholds: z.record(z.string(), z.number()).optional(),
  }),
  createdAtMs: ms,
})
/** In days; version 0 as long as nobody set anything. */
export const retentionAnswer = z.object({ sessionsDays: count, eventsDays: count, version: count })
export const removedFleet = z.object({ id: uuid, name: z.string() })

export const collectionAnswer = z.object({
  id: uuid,
  fleet: uuid,
  fleetId: uuid,
  name: z.string(),
  version: count,
  strategy: z.enum(STRATEGIES),
  tieRule: z.enum(TIE_RULES),
  fieldStrategies: z.record(z.string(), z.enum(STRATEGIES)),
  schema: z.union([jsonObject, z.boolean()]),
  schemaVersion: count,
  thresholds: z.record(z.string(), z.number()),
  rules: z.array(businessRule),
  upMigrations: z.array(upMigration),
  authority: z.object({ url: z.string(), timeoutMs: count }).nullable(),
  /** Fields that dead letters show masked, as JSON Pointers. */
  masked: z.array(z.string()),
  /** Told once, by the call that makes it. */
  authoritySecret: z.string().optional(),
  createdAtMs: ms,
  updatedAtMs: ms,
})
const checkedKind = z.object({
  /** The newest so many were judged. */
  checked: count,
  refused: count,
  reasons: z.array(z.object({ path: z.string(), message: z.string(), count, example: z.string() })),
  more: z.boolean(),
})
export const publicationCheckAnswer = z.object({
  schemaVersion: count,
  records: checkedKind,
  changes: checkedKind,
  letters: checkedKind,
})
export const removedCollection = z.object({ id: uuid, fleet: uuid, name: z.string() })

export const userAnswer = z.object({
  id: uuid,
  email: z.string(),
  name: z.string(),
  roles: z.record(z.string(), role),
  disabled: z.boolean(),
  hasPassword: z.boolean(),
  createdAtMs: ms,
})
/** Null for who never signed in. */
export const personAnswer = userAnswer.extend({ lastSeenMs: ms.nullable() })
export const invitationAnswer = z.object({
  id: uuid,
  email: z.string(),
  roles: z.record(z.string(), role),
  state: z.enum(['open', 'accepted', 'revoked', 'expired']),
  invitedBy: z.object({
    kind: z.enum(['user', 'key', 'device', 'system']),
    id: z.string(),
    name: z.string(),
  }),
  createdAtMs: ms,
  expiresAtMs: ms,
})
/** The link is told by the call that makes it, and never again. */
export const newInvitation = invitationAnswer.extend({ link: z.string() })
export const createdUser = userAnswer.extend({ signInLink: z.string().nullable() })
export const newSignInLink = z.object({ id: uuid, email: z.string(), link: z.string() })

const command = {
  id: uuid,
  reason: z.string().nullable(),
  issuedAtMs: ms,
  acknowledgedAtMs: ms.nullable(),
}
const deviceStatus = z.enum(['active', 'paused', 'revoked'])
export const deviceAnswer = z.object({
  id: uuid,
  fleetId: uuid,
  name: z.string(),
  platform: z.enum(PLATFORMS),
  appVersion: z.string(),
  status: deviceStatus,
  access: z.record(z.string(), z.enum(['read', 'write'])),
  enrolledAtMs: ms,
  lastContactMs: ms.nullable(),
  lastSessionOkMs: ms.nullable(),
  report: z.looseObject({ state: z.string(), seq: count, depth: count, atMs: ms }).nullable(),
  clockJumps: z.looseObject({ count }).nullable(),
  linkedIds: z.array(uuid),
  commands: z.array(z.object({ ...command, type: z.enum(COMMAND_TYPES), expiresAtMs: ms })),
})
/** With the state that the server takes it to be in. */
export const shownDevice = deviceAnswer.extend({ state: z.string().nullable(), inferredOffline: z.boolean() })
const diagnosisTarget = z.discriminatedUnion('page', [
  z.object({ page: z.literal('overview') }),
  z.object({ page: z.literal('breaker'), scope: z.string() }),
  z.object({ page: z.literal('session'), id: uuid }),
  z.object({ page: z.literal('sessions'), deviceId: uuid, result: z.literal('failed').nullable() }),
  z.object({ page: z.literal('dead-letter'), id: uuid }),
  z.object({ page: z.literal('collection'), id: uuid }),
  z.object({ page: z.literal('devices'), appVersion: z.string() }),
])
export const diagnosisAnswer = z.object({
  verdict: z.enum(DIAGNOSES),
  level: z.enum(['ok', 'warn', 'crit', 'held', 'unk']),
  sentence: z.string(),
  because: z.string(),
  evidence: z.array(
    z.object({
      text: z.string(),
      detail: z.string().nullable(),
      atMs: ms.nullable(),
      link: z.object({ label: z.string(), target: diagnosisTarget }).nullable(),
    }),
  ),
  next: z.object({
    title: z.string(),
    detail: z.string(),
    action: z
      .discriminatedUnion('kind', [
        z.object({
          kind: z.literal('command'),
          label: z.string(),
          type: z.enum(['diagnostics', 'resync', 'resume', 'revoke']),
        }),
        z.object({ kind: z.literal('link'), label: z.string(), target: diagnosisTarget }),
      ])
      .nullable(),
    /** When it is over if nothing is done, as far as that can be told. */
    endsAtMs: z.number().nullable(),
  }),
  checks: z.array(
    z.object({
      name: z.enum(CHECKS),
      state: z.enum(['ruled_out', 'suspect', 'not_known']),
      value: z.string(),
    }),
  ),
})
export const issuedCommand = z.object({
  ...command,
  type: z.enum([...COMMAND_TYPES, 'revoke']),
  expiresAtMs: ms.nullable(),
  deviceId: uuid,
  deviceStatus,
})
export const commandedDevices = z.object({
  id: uuid,
  told: count,
  already: count,
  revoked: count,
  foreign: count,
  full: count,
})
export const diagnosticsRow = z.object({
  id: uuid,
  deviceId: uuid,
  commandId: uuid.nullable(),
  appVersion: z.string(),
  bytes: count,
  receivedAtMs: ms,
})
export const diagnosticsAnswer = diagnosticsRow.extend({ body: json })

export const conflictAnswer = z.looseObject({
  id: uuid,
  fleetId: uuid,
  mutationId: uuid,
  collection: z.string(),
  recordId: uuid,
  deviceId: uuid,
  deviceName: z.string(),
  appVersion: z.string(),
  remoteAppVersion: z.string().nullable(),
  sessionId: uuid.nullable(),
  strategy: z.string(),
  status: z.enum(['open', 'resolved']),
  createdAtMs: ms,
  closure: z.looseObject({ mutationId: uuid, atMs: ms }).nullable(),
  desk: z.object({ assigned: z.string().nullable(), note: z.string(), version: count }),
})
export const conflictDetail = z.object({ conflict: conflictAnswer, record: recordState.nullable() })
export const resolvedConflict = conflictDetail.extend({ result: mutationResult })

export const sessionAnswer = z.looseObject({
  sessionId: uuid,
  fleetId: uuid,
  deviceId: uuid,
  deviceName: z.string(),
  platform: z.enum(PLATFORMS),
  appVersion: z.string(),
  mode: z.enum(['delta', 'full']).nullable(),
  result: z.enum(SESSION_RESULTS),
  startedAtMs: ms,
  endedAtMs: ms,
  offsetMs: ms,
  receivedAtMs: ms,
  /** Of these and the mode, null is what the device's engine doesn't report. */
  pushed: count.nullable(),
  pulled: count.nullable(),
  conflicts: count.nullable(),
  deadLettered: count.nullable(),
  transitions: z.array(z.looseObject({})),
  attempts: z.array(z.looseObject({})),
  illegalTransitions: count,
  inferred: z.boolean(),
  source: z.string().optional(),
})
export const sessionDetail = z.object({
  session: sessionAnswer,
  changes: z.array(z.looseObject({ mutation, status: z.string(), committedAtMs: ms })),
  conflicts: z.array(conflictAnswer),
  deadLetters: z.array(letterAnswer),
  logs: z.array(toldLog),
})

export const auditAnswer = z.object({
  id: uuid,
  atMs: ms,
  fleetId: uuid.nullable(),
  actor: z.object({ kind: z.enum(['user', 'key', 'device', 'system']), id: z.string(), name: z.string() }),
  action: z.string(),
  target: z.string(),
  reason: z.string().nullable(),
  before: json,
  after: json,
  address: z.string().nullable(),
  outcome: z.enum(['done', 'denied']),
})

/** The pillar's own figure; null where telemetry is missing. */
const figure = z.looseObject({}).nullable()
const points = z.array(z.object({ atMs: ms, figure }))
export const pillarAnswer = z.object({
  pillar: z.enum(['lag', 'conflicts', 'failures', 'queue']),
  fromMs: ms,
  toMs: ms,
  stepMs: count,
  figure,
  level: z.string(),
  limits: z.looseObject({}),
  previous: figure,
  points,
  previousPoints: points,
  groups: z.array(z.object({ key: z.string(), figure, level: z.string(), points })),
  groupsLeftOut: count,
  asOf: z.looseObject({}),
})
const annotations = z.array(
  z.object({
    atMs: ms,
    kind: z.enum(['release', 'schema', 'replay', 'override', 'trip']),
    what: z.string().nullable(),
    count,
  }),
)
export const annotatedPillar = pillarAnswer.extend({ annotations })
/** A column for each step; a count for each band of lag, and one for what is longer than the last border. */
export const heatAnswer = z.object({
  stage: z.enum(LAG_STAGES),
  fromMs: ms,
  toMs: ms,
  stepMs: count,
  bordersMs: z.array(count),
  columns: z.array(z.object({ atMs: ms, counts: z.array(count).nullable() })),
})
const estimate = z.object({ value: z.number(), low: z.number(), high: z.number() }).nullable()
const cohortFigure = z.object({ estimate, of: count })
/** Each measure of two app versions with its 95 % interval; `of` is its denominator. */
export const cohortAnswer = z.object({
  fromMs: ms,
  toMs: ms,
  a: z.string().nullable(),
  b: z.string().nullable(),
  versions: z.array(z.string()),
  rows: z.array(
    z.object({
      measure: z.enum(COHORT_MEASURES),
      a: cohortFigure,
      b: cohortFigure,
      difference: estimate,
      verdict: z.enum(['worse', 'better', 'alike', 'unk']),
    }),
  ),
})
const incidentNow = z.object({
  id: uuid,
  name: z.string(),
  title: z.string(),
  severity: z.enum(SEVERITIES),
  openedAtMs: z.number(),
  takenBy: z.string().nullable(),
  owner: z.string().nullable(),
  suppressed: z.boolean(),
})
export const overviewAnswer = z.looseObject({
  fleetId: uuid,
  lag: pillarAnswer,
  conflicts: pillarAnswer,
  failures: pillarAnswer,
  queue: pillarAnswer,
  annotations,
  devices: z.looseObject({ total: count, heard: count, neverHeard: count, offline: count, silent: count }),
  transitionRates: z.record(z.string(), z.number()),
  versions: z.array(z.looseObject({ appVersion: z.string(), devices: count })),
  deadLetters: z.looseObject({}),
  breakers: z.object({
    total: count,
    processes: z.object({ live: count, applied: count }),
    shutOut: count,
    notClosed: z.array(
      z.looseObject({
        scope: z.string(),
        name: z.string(),
        state: z.string(),
        isWide: z.boolean(),
        isShut: z.boolean(),
      }),
    ),
  }),
  incidents: z.object({
    open: count,
    unread: count,
    stopped: z.boolean(),
    gravest: incidentNow.nullable(),
    listed: z.array(incidentNow),
  }),
  verdict: z.looseObject({}),
})

export const facetCounts = z.object({
  facets: z.array(
    z.object({
      key: z.string(),
      /** Most frequent first. */
      values: z.array(z.object({ value: z.string(), count })),
      /** Of the values that are not listed. */
      rest: z.object({ values: count, count }),
    }),
  ),
  matching: count,
  /** More rows than were looked at: counts are of the first of the list. */
  capped: z.boolean(),
})
