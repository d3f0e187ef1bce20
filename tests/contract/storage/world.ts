import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import type {
  ConflictClosure,
  ConflictEffect,
  DeadLetterEffect,
  FieldStamps,
  PathOp,
  RecordState,
} from '#lib/engine/types.ts'
import type { OtRead } from '#lib/engine/load-plan.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { EffectiveResult } from '#lib/protocol/push.ts'
import type {
  AuditEntry,
  Collection,
  DeliveredPositions,
  Device,
  Fleet,
  PushWrites,
  SessionRow,
  Storage,
} from '#lib/storage/ports.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { createTestDatabase } from '#tests/support/database.ts'

export const NOW_MS = Date.UTC(2026, 5, 15, 12)
export const DAY_MS = 86_400_000

export interface Opened {
  readonly storage: Storage
  /** Null for memory. */
  readonly url: string | null
  close(): Promise<void>
}
export interface Backend {
  readonly name: string
  open(): Promise<Opened>
}

/** Both implementations of the ports; one suite runs against each. */
export const BACKENDS: readonly Backend[] = [
  {
    name: 'memory',
    open: async () => {
      const storage = openMemoryStorage()
      await storage.maintenance.ensurePartitions(NOW_MS, 7)
      return { storage, url: null, close: () => storage.close() }
    },
  },
  {
    name: 'postgres',
    open: async () => {
      const { url, drop } = await createTestDatabase()
      const storage = await openPostgresStorage({ url, poolSize: 8 })
      await storage.maintenance.ensurePartitions(NOW_MS, 7)
      const close = async (): Promise<void> => {
        await storage.close()
        await drop()
      }
      return { storage, url, close }
    },
  },
]

/** Opens a backend for the tests of a `describe` and closes it behind them. */
export function opened(backend: Backend): () => Opened {
  let current: Opened | null = null
  beforeAll(async () => {
    current = await backend.open()
  })
  afterAll(async () => {
    await current?.close()
  })
  return () => {
    if (!current) throw new Error('the storage is opened in beforeAll')
    return current
  }
}

export const audit = (action = 'test.done', changes: Partial<AuditEntry> = {}): AuditEntry => ({
  id: randomUUID(),
  atMs: NOW_MS,
  fleetId: null,
  actor: { kind: 'system', id: 'test', name: 'Test' },
  action,
  target: 'target',
  reason: null,
  before: null,
  after: null,
  address: null,
  outcome: 'done',
  ...changes,
})

export async function makeFleet(storage: Storage, changes: Partial<Fleet> = {}): Promise<Fleet> {
  const id = randomUUID()
  const settings = {
    intervalMs: 60_000,
    backoff: { baseMs: 1_000, capMs: 300_000 },
    minAppVersion: null,
    allowedOrigins: [],
  }
  const fleet: Fleet = {
    id,
    name: `fleet ${id}`,
    epoch: 1,
    configVersion: 1,
    settings,
    createdAtMs: NOW_MS,
    ...changes,
  }
  await storage.fleets.create(fleet, audit('fleet.create'))
  return fleet
}

export async function fleetWithDevice(
  storage: Storage,
): Promise<{ readonly storage: Storage; readonly fleetId: string; readonly deviceId: string }> {
  const { id: fleetId } = await makeFleet(storage)
  const { id: deviceId } = await makeDevice(storage, fleetId)
  return { storage, fleetId, deviceId }
}

export const collectionOf = (fleetId: string, changes: Partial<Collection> = {}): Collection => ({
  id: randomUUID(),
  fleetId,
  name: 'reports',
  version: 1,
  strategy: 'lww',
  tieRule: 'lww',
  fieldStrategies: {},
  schema: true,
  schemaVersion: 1,
  thresholds: {},
  rules: [],
  upMigrations: [],
  authority: null,
  masked: [],
  createdAtMs: NOW_MS,
  updatedAtMs: NOW_MS,
  ...changes,
})

export const deviceOf = (fleetId: string, changes: Partial<Device> = {}): Device => ({
  id: randomUUID(),
  fleetId,
  name: 'Tablet 1',
  platform: 'android',
  appVersion: '1.0.0',
  status: 'active',
  access: { '*': 'write' },
  enrolledAtMs: NOW_MS,
  lastContactMs: null,
  lastSessionOkMs: null,
  report: null,
  clockJumps: null,
  linkedIds: [],
  commands: [],
  ...changes,
})

export async function makeDevice(
  storage: Storage,
  fleetId: string,
  changes: Partial<Device> = {},
  formerId: string | null = null,
): Promise<Device> {
  const device = deviceOf(fleetId, changes)
  const credentials = { tokenHash: randomUUID(), requestId: randomUUID(), keyId: randomUUID(), nowMs: NOW_MS }
  await storage.devices.enroll({ device, ...credentials, formerId }, audit('device.enroll'))
  return device
}

export interface ChangeInput {
  readonly deviceId: string
  readonly collection?: string
  readonly recordId?: string
  readonly mutationId?: string
  readonly after?: string
  readonly requestId?: string
  readonly sessionId?: string | null
  /** The version that this change makes; null for one without a version. */
  readonly version: number | null
  readonly data?: JsonObject | null
  readonly replaced?: RecordState | null
  readonly crdt?: CrdtStates
  readonly stamps?: FieldStamps
  readonly madeAtMs?: number
  readonly conflict?: ConflictEffect
  readonly deadLetter?: DeadLetterEffect
  readonly editOf?: string
  readonly replayOf?: string
  readonly resolves?: string
  readonly otOps?: readonly PathOp[]
  readonly heldBy?: string
  readonly releasedBy?: string
  readonly closes?: ConflictClosure
  readonly result?: EffectiveResult
}
export type Change = PushWrites['changes'][number]

export function changeOf(input: ChangeInput): Change {
  const { deviceId, collection = 'reports', recordId = randomUUID(), data = { title: 'a' }, version } = input
  const id = input.mutationId ?? randomUUID()
  const hlc = `018bcfe56800-0000-${deviceId}`
  const op: Operation = data === null ? { type: 'delete' } : { type: 'put', data }
  const mutation: Mutation = {
    id,
    collection,
    recordId,
    baseVersion: input.replaced?.version ?? 0,
    schemaVersion: 1,
    hlc,
    madeAt: '2026-06-15T11:59:00.000Z',
    op,
    ...(input.after === undefined ? {} : { after: input.after }),
    ...(input.resolves === undefined ? {} : { resolves: input.resolves }),
  }
  const record =
    version === null
      ? null
      : {
          collection,
          recordId,
          version,
          deleted: data === null,
          data,
          hlc,
          deviceId,
          versionVector: { [deviceId]: version },
          schemaVersion: 1,
          crdt: input.crdt ?? {},
          ...(input.stamps ? { stamps: input.stamps } : {}),
        }
  return {
    incoming: { mutation, text: null, bytes: 100, unknownField: null },
    deviceId,
    requestId: input.requestId ?? randomUUID(),
    sessionId: input.sessionId ?? null,
    result: input.result ?? resultOf(id, input),
    record,
    replaced: input.replaced ?? null,
    conflict: input.conflict ?? null,
    deadLetter: input.deadLetter ?? null,
    replayOf: input.replayOf ?? null,
    otOps: input.otOps ?? [],
    heldBy: input.heldBy ?? null,
    releasedBy: input.releasedBy ?? null,
    closes: input.closes ?? null,
    editOf: input.editOf ?? null,
    appVersion: '1.0.0',
    correctedMadeAtMs: input.madeAtMs ?? NOW_MS - 60_000,
    receivedAtMs: NOW_MS - 5,
  }
}

function resultOf(id: string, input: ChangeInput): EffectiveResult {
  if (input.deadLetter) {
    const { id: deadLetterId, code, detail } = input.deadLetter
    return { id, status: 'dead_lettered', deadLetterId, code, detail }
  }
  if (input.version === null)
    return { id, status: 'conflict', record: null, conflictId: input.conflict?.id ?? randomUUID() }
  return { id, status: 'applied', version: input.version }
}

export const writesOf = (changes: readonly Change[], more: Partial<PushWrites> = {}): PushWrites => {
  const heads = new Map<string, number>()
  for (const { record } of changes) if (record) heads.set(record.collection, record.version)
  return {
    committedAtMs: NOW_MS,
    heads,
    changes,
    responses: [],
    reports: [],
    sessions: [],
    events: [],
    audit: [],
    failedTries: [],
    endedTries: [],
    letterDays: [],
    ...more,
  }
}

export const planOf = (streams: readonly string[] = ['reports']) => ({
  streams,
  deviceIds: [] as string[],
  requests: [] as { deviceId: string; requestId: string }[],
  records: [] as { collection: string; recordId: string }[],
  bases: [] as { collection: string; recordId: string; version: number }[],
  mutationIds: [] as string[],
  conflictIds: [] as string[],
  triesOf: [] as string[],
  linksOf: [] as string[],
  otReads: [] as OtRead[][],
})

/** Commits changes whose versions follow the head of `reports`. */
export async function commit(
  storage: Storage,
  fleetId: string,
  make: (head: number) => readonly Change[],
  more: Partial<PushWrites> = {},
  streams: readonly string[] = ['reports'],
): Promise<readonly Change[]> {
  return storage.sync.transact(fleetId, async (tx) => {
    const { heads } = await tx.load(planOf(streams))
    const changes = make(heads.get('reports') ?? 0)
    await tx.write(writesOf(changes, more))
    return changes
  })
}

/** One new record a time, made by `deviceId`. */
export async function commitRecords(
  storage: Storage,
  fleetId: string,
  deviceId: string,
  count: number,
): Promise<RecordState[]> {
  const changes = await commit(storage, fleetId, (head) =>
    Array.from({ length: count }, (_, i) => changeOf({ deviceId, version: head + 1 + i })),
  )
  return changes.flatMap((change) => change.record ?? [])
}

export const letterEffect = (changes: Partial<DeadLetterEffect> = {}): DeadLetterEffect => ({
  id: randomUUID(),
  code: 'schema_mismatch',
  detail: 'title must be text',
  path: '/title',
  base: null,
  parentMutationId: null,
  ...changes,
})

export const conflictEffect = (changes: Partial<ConflictEffect> = {}): ConflictEffect => ({
  id: randomUUID(),
  strategy: 'lww',
  outcome: 'local',
  fields: ['title'],
  schemaVersion: 3,
  base: { title: 'base' },
  baseKnown: true,
  local: { title: 'mine' },
  remote: null,
  remoteVersion: 0,
  result: { title: 'mine' },
  resolution: { strategy: 'lww', outcome: 'local' },
  ...changes,
})

export const sessionOf = (
  fleetId: string,
  deviceId: string,
  changes: Partial<SessionRow> = {},
): SessionRow => ({
  fleetId,
  deviceId,
  sessionId: randomUUID(),
  deviceName: 'Tablet 1',
  platform: 'android',
  appVersion: '1.0.0',
  mode: 'delta',
  result: 'ok',
  startedAtMs: NOW_MS - 2_000,
  endedAtMs: NOW_MS - 1_000,
  receivedAtMs: NOW_MS,
  offsetMs: -40,
  pushed: 3,
  pulled: 2,
  conflicts: 0,
  deadLettered: 0,
  queueDepthBefore: 3,
  queueDepthAfter: 0,
  illegalTransitions: 0,
  inferred: false,
  transitions: [{ from: 'idle', event: 'start', to: 'scanning', at: '2026-06-15T11:59:58.000Z' }],
  attempts: [{ kind: 'push', startedAt: '2026-06-15T11:59:58.100Z', durationMs: 80, status: 200 }],
  ...changes,
})

/** What a device shows to have received, of nothing else that is said. */
export const shownBy = (
  deviceId: string,
  positions: Readonly<Record<string, number>>,
  over: Partial<DeliveredPositions> = {},
): DeliveredPositions => ({
  deviceId,
  epoch: 1,
  positions: new Map(Object.entries(positions)),
  before: new Map(),
  firstComplete: [],
  atMs: NOW_MS,
  describe: () => [],
  ...over,
})
