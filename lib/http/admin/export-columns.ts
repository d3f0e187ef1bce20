import { conflictPlaces } from '#lib/query/conflict-fields.ts'
import type { listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import type { DeviceView } from '#lib/application/devices/device-views.ts'
import type { listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import type { listAudit } from '#lib/application/audit/list-audit.ts'
import type { listSessions } from '#lib/application/sessions/list-sessions.ts'
import type { OperationItem } from '#lib/application/operations/list-operations.ts'
import { sessionCodes } from '#lib/telemetry/session-codes.ts'
import type { CsvValue } from './csv.ts'

type Session = Awaited<ReturnType<typeof listSessions>>['items'][number]
type Letter = Awaited<ReturnType<typeof listDeadLetters>>['items'][number]
type AuditRow = Awaited<ReturnType<typeof listAudit>>['items'][number]
type Conflict = Awaited<ReturnType<typeof listConflicts>>['items'][number]
type Columns<Row> = Readonly<Record<string, (row: Row) => CsvValue>>

const iso = (ms: number): string => new Date(ms).toISOString()
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms))

/** Sessions as a table: times in UTC, lengths in milliseconds. */
export const SESSION_COLUMNS: Columns<Session> = {
  sessionId: (row) => row.sessionId,
  deviceId: (row) => row.deviceId,
  deviceName: (row) => row.deviceName,
  platform: (row) => row.platform,
  appVersion: (row) => row.appVersion,
  startedAt: (row) => iso(row.startedAtMs),
  endedAt: (row) => iso(row.endedAtMs),
  tookMs: (row) => (row.inferred ? null : row.endedAtMs - row.startedAtMs),
  mode: (row) => row.mode,
  result: (row) => row.result,
  inferred: (row) => row.inferred,
  pushed: (row) => row.pushed,
  pulled: (row) => row.pulled,
  conflicts: (row) => row.conflicts,
  deadLettered: (row) => row.deadLettered,
  queueDepthBefore: (row) => row.queueDepthBefore,
  queueDepthAfter: (row) => row.queueDepthAfter,
  uploadLagMs: (row) => row.lagMs,
  collections: (row) => row.collections.join(' '),
  codes: (row) => sessionCodes(row).join(' '),
  source: (row) => row.source ?? null,
}

/** An operation's dead letters, or conflicts, as a table, in the order in which they run. */
export const OPERATION_COLUMNS: Columns<OperationItem> = {
  ordinal: (row) => row.ordinal,
  letterId: (row) => row.letterId,
  conflictId: (row) => row.conflictId,
  behind: (row) => row.behind,
  state: (row) => row.state,
  outcome: (row) => row.outcome,
  code: (row) => row.code,
  detail: (row) => row.detail,
  mutationId: (row) => row.mutationId,
  at: (row) => isoOrNull(row.atMs),
}

/** Dead letters as a table, with what each would do as JSON. */
export const LETTER_COLUMNS: Columns<Letter> = {
  id: (row) => row.id,
  status: (row) => row.status,
  code: (row) => row.code,
  detail: (row) => row.detail,
  place: (row) => row.place,
  groupId: (row) => row.groupId,
  collection: (row) => row.mutation.collection,
  recordId: (row) => row.mutation.recordId,
  mutationId: (row) => row.mutation.id,
  baseVersion: (row) => row.mutation.baseVersion,
  schemaVersion: (row) => row.mutation.schemaVersion,
  op: (row) => JSON.stringify(row.mutation.op),
  deviceId: (row) => row.deviceId,
  deviceName: (row) => row.deviceName,
  sessionId: (row) => row.sessionId,
  appVersion: (row) => row.appVersion,
  madeAt: (row) => iso(row.madeAtMs),
  seenAt: (row) => iso(row.createdAtMs),
  replays: (row) => row.attempts,
  lastReplayAt: (row) => isoOrNull(row.lastReplay?.atMs ?? null),
  lastReplayStatus: (row) => row.lastReplay?.status ?? null,
  discardedAt: (row) => isoOrNull(row.discardedAtMs),
  editedAs: (row) => row.editedAs,
}

/** Conflicts as a table, with their sides as JSON. */
export const CONFLICT_COLUMNS: Columns<Conflict> = {
  id: (row) => row.id,
  status: (row) => row.status,
  collection: (row) => row.collection,
  recordId: (row) => row.recordId,
  fields: (row) => conflictPlaces(row.fields).join(' '),
  strategy: (row) => row.strategy,
  outcome: (row) => row.outcome,
  base: (row) => JSON.stringify(row.base),
  local: (row) => JSON.stringify(row.local),
  remote: (row) => JSON.stringify(row.remote),
  result: (row) => JSON.stringify(row.result),
  deviceId: (row) => row.deviceId,
  deviceName: (row) => row.deviceName,
  appVersion: (row) => row.appVersion,
  remoteAppVersion: (row) => row.remoteAppVersion,
  sessionId: (row) => row.sessionId,
  mutationId: (row) => row.mutationId,
  aroseAt: (row) => iso(row.createdAtMs),
  closedAt: (row) => isoOrNull(row.closure?.atMs ?? null),
  kept: (row) => row.closure?.kept ?? null,
  assigned: (row) => row.desk.assigned,
  note: (row) => row.desk.note,
}

/** Devices as a table, as the list shows them. */
export const DEVICE_COLUMNS: Columns<DeviceView> = {
  deviceId: ({ device }) => device.id,
  name: ({ device }) => device.name,
  status: ({ device }) => device.status,
  state: ({ state }) => state.state,
  silent: ({ state }) => state.inferredOffline,
  platform: ({ device }) => device.platform,
  appVersion: ({ device }) => device.appVersion,
  enrolledAt: ({ device }) => iso(device.enrolledAtMs),
  lastContactAt: ({ device }) => isoOrNull(device.lastContactMs),
  lastSessionOkAt: ({ device }) => isoOrNull(device.lastSessionOkMs),
  pendingMs: ({ pending }) => pending?.ageMs ?? null,
  pendingIsLowerBound: ({ pending }) => pending?.lowerBound ?? null,
  queue: ({ device }) => device.report?.depth ?? null,
  reportedAt: ({ device }) => isoOrNull(device.report?.atMs ?? null),
  clockOffsetMs: ({ device }) => device.report?.offsetMs ?? null,
  source: ({ device }) => device.source ?? null,
}

/** Entries of the audit log as a table, with their links, so that a file can be held against a head. */
export const AUDIT_COLUMNS: Columns<AuditRow> = {
  seq: (row) => row.seq,
  id: (row) => row.id,
  at: (row) => iso(row.atMs),
  fleetId: (row) => row.fleetId,
  actorKind: (row) => row.actor.kind,
  actorId: (row) => row.actor.id,
  actorName: (row) => row.actor.name,
  action: (row) => row.action,
  target: (row) => row.target,
  outcome: (row) => row.outcome,
  reason: (row) => row.reason,
  before: (row) => JSON.stringify(row.before),
  after: (row) => JSON.stringify(row.after),
  address: (row) => row.address,
  mac: (row) => row.mac,
}
