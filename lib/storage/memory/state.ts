import type { PathOp, BaseState, RecordState } from '#lib/engine/types.ts'
import type { LabReport } from '#lib/engine/lab/lab-report.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import type { Incident, IncidentEntry } from '#lib/telemetry/alerts/incident.ts'
import type { Silence } from '#lib/telemetry/alerts/silence.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type {
  AlertRound,
  AlertStates,
  ApiKey,
  AppRelease,
  BreakerMinute,
  BreakerTransition,
  ChangeRow,
  Channel,
  Collection,
  ConflictRow,
  DeadLetterRow,
  DeadTokenUse,
  Delivery,
  Device,
  DiagnosticsRow,
  EnrollmentKey,
  Fleet,
  GroupRow,
  IngestKey,
  Invitation,
  LabRun,
  LetterDay,
  Notice,
  Notification,
  NotificationItem,
  OneTimeLink,
  OperationItem,
  OperationRow,
  RegainedMutation,
  Restoration,
  RestoredDevice,
  SavedView,
  ScrapeTarget,
  StoredReview,
  StoredRule,
  SeenProcess,
  SessionRow,
  Setting,
  SignalListener,
  StoredControl,
  StoredResponse,
  StoredWeights,
  ToldLog,
  ToldSeries,
  User,
  UserIdentity,
  UserSession,
} from '../ports.ts'
import type { Seal } from '../audit-chain.ts'
import { AuditLog } from './audit-log.ts'
import { memorySeal } from './audit-seal.ts'
import type { Undo } from './table.ts'
import { Table } from './table.ts'

export interface StoredRecord extends RecordState {
  readonly committedAtMs: number
}
/** One operation of a path under OT. */
export interface StoredOp extends PathOp {
  readonly collection: string
  readonly recordId: string
}
export interface StoredBase extends BaseState {
  readonly replacedAtMs: number
}
export interface StoredChange extends ChangeRow {
  readonly appVersion: string
  readonly replacedBy: string | null
}
export interface StoredEvent {
  readonly event: TelemetryEvent
  readonly order: number
  readonly appendedAtMs: number
}
export interface Position {
  readonly deviceId: string
  readonly collection: string
  readonly version: number
  readonly firstCompleteAtMs: number | null
}
export interface StoredSchema {
  readonly collectionId: string
  readonly schemaVersion: number
  readonly schema: JsonSchema
  readonly createdAtMs: number
}

/** The tables of one fleet; keys are made by `keyOf`. */
export class FleetTables {
  readonly collections = new Table<Collection>()
  readonly schemas = new Table<StoredSchema>()
  readonly heads = new Table<number>()
  /** By collection: the newest version of a tombstone that was purged. */
  readonly purged = new Table<number>()
  readonly devices = new Table<Device>()
  readonly diagnostics = new Table<{ row: DiagnosticsRow; body: string }>()
  /** When each device may start its full sync. */
  readonly fullSyncs = new Table<number>()
  readonly tokens = new Table<{ deviceId: string; endsAtMs: number | null }>()
  /** By device. */
  readonly deadTokenUses = new Table<DeadTokenUse>()
  readonly enrollmentKeys = new Table<EnrollmentKey>()
  readonly ingestKeys = new Table<IngestKey>()
  readonly toldSeries = new Table<ToldSeries>()
  readonly toldLogs = new Table<ToldLog>()
  /** By version. */
  readonly releases = new Table<AppRelease>()
  /** By epoch. */
  readonly restorations = new Table<Restoration>()
  readonly restoredDevices = new Table<
    Pick<RestoredDevice, 'deviceId' | 'acknowledged' | 'lastAcknowledgedAtMs'>
  >()
  readonly regained = new Table<RegainedMutation>()
  /** By collection and version. */
  readonly reviews = new Table<StoredReview>()
  readonly views = new Table<SavedView>()
  readonly labRuns = new Table<LabRun & { readonly report: LabReport | null }>()
  /** By collection id. */
  readonly labWeights = new Table<StoredWeights>()
  readonly scrapeTargets = new Table<ScrapeTarget>()
  readonly enrollments = new Table<{ deviceId: string; atMs: number }>()
  readonly records = new Table<StoredRecord>()
  readonly bases = new Table<StoredBase>()
  readonly changes = new Table<StoredChange>()
  readonly responses = new Table<StoredResponse>()
  readonly positions = new Table<Position>()
  readonly sessions = new Table<SessionRow>()
  /** By session id: the first and last push of those that pushed. */
  readonly pushedSessions = new Table<{ deviceId: string; firstAtMs: number; lastAtMs: number }>()
  readonly conflicts = new Table<ConflictRow>()
  /** By conflict id: mutations that wait behind it, in the order of their arrival. */
  readonly held = new Table<readonly string[]>()
  readonly otOps = new Table<StoredOp>()
  readonly deadLetters = new Table<DeadLetterRow>()
  /** By letter: the status that its device was last told. */
  readonly toldLetters = new Table<DeadLetterRow['status']>()
  readonly letterGroups = new Table<GroupRow>()
  readonly operations = new Table<OperationRow>()
  /** By name. */
  readonly alertRules = new Table<StoredRule>()
  /** Under one key. */
  readonly alertStates = new Table<AlertStates>()
  readonly incidents = new Table<Incident>()
  readonly incidentEntries = new Table<IncidentEntry>()
  readonly silences = new Table<Silence>()
  /** By operation and ordinal. */
  readonly operationItems = new Table<OperationItem & { readonly operationId: string }>()
  readonly failedTries = new Table<{ deviceId: string; tries: number; lastAtMs: number }>()
  /** By device id. */
  readonly letterDays = new Table<LetterDay>()
  readonly events = new Table<StoredEvent>()
  readonly buckets = new Table<Bucket>()
  /** `next` is the order of the next event; those below `folded` are in the buckets. */
  readonly eventOrder = new Table<number>()
}

function copyTables(from: FleetTables): FleetTables {
  const copy = new FleetTables()
  for (const [name, table] of Object.entries(from)) {
    Object.assign(copy, { [name]: (table as Table<unknown>).copy() })
  }
  return copy
}

/** A key of several parts that cannot run into each other. */
export const keyOf = (...parts: readonly (string | number)[]): string => JSON.stringify(parts)

export class MemoryState {
  readonly fleets = new Table<Fleet>()
  /** By id of a removed fleet: when. */
  readonly removedFleets = new Table<number>()
  readonly users = new Table<User>()
  readonly userSessions = new Table<UserSession>()
  /** By issuer and subject. */
  readonly identities = new Table<UserIdentity>()
  readonly tries = new Table<{ readonly tries: number; readonly endsMs: number }>()
  readonly links = new Table<OneTimeLink>()
  readonly apiKeys = new Table<ApiKey>()
  readonly invitations = new Table<Invitation>()
  /** By user: when they were seen last. */
  readonly usersSeen = new Table<number>()
  readonly audit: AuditLog
  readonly leases = new Table<{ holder: string; untilMs: number }>()
  readonly settings = new Table<Setting>()
  readonly breakerControls = new Table<StoredControl>()
  /** Under one key: the newest revision of a control. */
  readonly breakerRevision = new Table<number>()
  readonly breakerProcesses = new Table<SeenProcess>()
  readonly breakerMinutes = new Table<BreakerMinute>()
  readonly breakerChanges = new Table<BreakerTransition>()
  /** Until they are taken out. */
  readonly notices = new Table<Notice>()
  /** Under one key. */
  readonly alertRounds = new Table<AlertRound>()
  readonly channels = new Table<Channel>()
  readonly notifications = new Table<Notification>()
  /** By channel and incident. */
  readonly notificationItems = new Table<NotificationItem>()
  readonly deliveries = new Table<Delivery>()
  /** Names of the partitions that there would be. */
  readonly partitions = new Set<string>()
  /** By table that is cut by time: nothing from before this is whole any more, Unix ms. */
  readonly floors = new Map<string, number>()
  /** Processes that listen; a backup has none. */
  readonly listeners = new Set<SignalListener>()
  private readonly tables = new Map<string, FleetTables>()
  private readonly queues = new Map<string, Promise<unknown>>()
  readonly nowMs: () => number

  /** What links the audit log's entries. */
  readonly seal: Seal

  constructor(nowMs: () => number, seal: Seal = memorySeal()) {
    this.nowMs = nowMs
    this.seal = seal
    this.audit = new AuditLog(seal)
  }

  fleetTables(fleetId: string): FleetTables {
    const found = this.tables.get(fleetId) ?? new FleetTables()
    this.tables.set(fleetId, found)
    return found
  }

  /** What a fleet that is no more held. */
  dropTables(fleetId: string): void {
    this.tables.delete(fleetId)
  }

  allFleetTables(): FleetTables[] {
    return [...this.tables.values()]
  }

  /** A backup: what is committed now, under a clock of its own. Call it in no transaction. */
  copy(nowMs: () => number = this.nowMs): MemoryState {
    const copy = new MemoryState(nowMs, this.seal)
    const shared = [
      'fleets',
      'removedFleets',
      'users',
      'userSessions',
      'identities',
      'tries',
      'links',
      'apiKeys',
      'invitations',
      'usersSeen',
      'audit',
      'leases',
      'settings',
      'breakerControls',
      'breakerRevision',
      'breakerProcesses',
      'breakerMinutes',
      'breakerChanges',
      'notices',
      'alertRounds',
      'channels',
      'notifications',
      'notificationItems',
      'deliveries',
    ] as const
    for (const name of shared) Object.assign(copy, { [name]: this[name].copy() })
    for (const name of this.partitions) copy.partitions.add(name)
    for (const [table, atMs] of this.floors) copy.floors.set(table, atMs)
    for (const [fleetId, tables] of this.tables) copy.tables.set(fleetId, copyTables(tables))
    return copy
  }

  /** One transaction of a fleet, after those before it: all of `work` stands, or nothing when it throws. */
  async inFleet<T>(fleetId: string, work: (tables: FleetTables, undo: Undo) => T | Promise<T>): Promise<T> {
    return this.serialize(fleetId, (undo) => work(this.fleetTables(fleetId), undo))
  }

  /** One transaction over the tables that belong to no fleet. */
  async inGlobal<T>(work: (undo: Undo) => T): Promise<T> {
    return this.serialize('global', work)
  }

  private async serialize<T>(name: string, work: (undo: Undo) => T | Promise<T>): Promise<T> {
    const before = this.queues.get(name) ?? Promise.resolve()
    const run = before.then(() =>
      atomically(async (undo) => {
        const value = await work(undo)
        this.audit.commit(undo)
        return value
      }),
    )
    // Who asked for it hears of its failure by `run`; the next one in the queue goes on all the same.
    this.queues.set(
      name,
      run.catch(() => undefined),
    )
    return run
  }
}

async function atomically<T>(work: (undo: Undo) => T | Promise<T>): Promise<T> {
  const undo: Undo = []
  try {
    return await work(undo)
  } catch (error) {
    while (undo.length > 0) undo.pop()?.()
    throw error
  }
}
