import type { DeviceInfo } from '#lib/protocol/device.ts'
import { toIso } from './clock.ts'
import { listNotices } from './notices.ts'
import { getCounts } from './outbox.ts'
import type { ReplicaContext } from './run.ts'
import type { ReplicaStatus } from './status.ts'
import type { ReplicaStore, StoreTx, Table } from './store.ts'
import { TABLES } from './store.ts'
import type { FullSyncReason, OutboxEntry, RecoveryNotice, SessionSummary } from './tables.ts'
import { NO_POSITION, allRows, getMeta, identityOf } from './tables.ts'

/** Rows of each list; with the other bounds an account stays far under the 1 MiB that POST /diagnostics takes. */
export const DIAGNOSTICS_ROWS_MAX = 50
const RECOVERIES_TOLD_MAX = 5

interface ChangeLine {
  readonly mutationId: string
  readonly collection: string
  readonly recordId: string
  readonly op: string
  readonly madeAt: string
}

/** A device's account of itself. Every list holds at most DIAGNOSTICS_ROWS_MAX. */
export interface Diagnostics {
  readonly formatVersion: 1
  readonly madeAt: string
  readonly device: DeviceInfo
  readonly epoch: number | null
  readonly status: ReplicaStatus
  readonly position: {
    readonly hasToken: boolean
    readonly fullReason: FullSyncReason | null
    readonly snapshotsUnderWay: readonly string[]
  }
  readonly config: {
    readonly version: number
    readonly collections: readonly {
      readonly name: string
      readonly strategy: string
      readonly schemaVersion: number
      readonly access: string
    }[]
  } | null
  /** The best samples of the clock, newest last, and the last stamp given. */
  readonly clock: { readonly samples: readonly object[]; readonly hlc: string | null }
  readonly queue: {
    readonly byCollection: Readonly<Record<string, number>>
    readonly oldest: readonly (ChangeLine & { readonly sends: number; readonly notBeforeMs: number | null })[]
    readonly inFlight: { readonly requestId: string; readonly mutations: number } | null
    readonly batchMax: number | null
  }
  readonly conflicts: readonly {
    readonly conflictId: string
    readonly collection: string
    readonly recordId: string
    readonly noticedAt: string
  }[]
  readonly deadLetters: readonly (ChangeLine & { readonly deadLetterId: string; readonly code: string })[]
  readonly refusals: readonly (ChangeLine & { readonly code: string })[]
  readonly sessions: readonly SessionSummary[]
  readonly store: {
    readonly kind: ReplicaStore['kind']
    readonly rows: Readonly<Record<Table, number>>
    readonly recoveries: readonly RecoveryNotice[]
  }
}

/** Reads it in one transaction, so that its figures fit together. */
export function collectDiagnostics(
  { store, device, clock }: Pick<ReplicaContext, 'store' | 'device' | 'clock'>,
  status: ReplicaStatus,
): Promise<Diagnostics> {
  return store.transact(async (tx) => {
    const { epoch } = await identityOf(tx)
    const position = (await getMeta(tx, 'position')) ?? NO_POSITION
    return {
      formatVersion: 1,
      madeAt: toIso(clock.now()),
      device,
      epoch,
      status,
      position: {
        hasToken: position.token !== null,
        fullReason: position.fullReason,
        snapshotsUnderWay: Object.keys(position.marks).slice(0, DIAGNOSTICS_ROWS_MAX),
      },
      config: await configLines(tx),
      clock: { samples: (await getMeta(tx, 'clock')) ?? [], hlc: await getMeta(tx, 'hlc') },
      queue: await queueLines(tx),
      ...(await noticeLines(tx)),
      sessions: (await getMeta(tx, 'lastSessions')) ?? [],
      store: {
        kind: store.kind,
        rows: await rowCounts(tx),
        recoveries: (await listNotices(tx)).recovery.slice(-RECOVERIES_TOLD_MAX),
      },
    }
  })
}

const bounded = <T>(items: readonly T[]): readonly T[] => items.slice(0, DIAGNOSTICS_ROWS_MAX)

const changeLine = ({ id, collection, recordId, op, madeAt }: OutboxEntry['mutation']): ChangeLine => ({
  mutationId: id,
  collection,
  recordId,
  op: op.type,
  madeAt,
})

async function configLines(tx: StoreTx): Promise<Diagnostics['config']> {
  const config = await getMeta(tx, 'config')
  if (!config) return null
  const collections = bounded(config.collections).map(({ name, strategy, schemaVersion, access }) => ({
    name,
    strategy,
    schemaVersion,
    access,
  }))
  return { version: config.version, collections }
}

async function queueLines(tx: StoreTx): Promise<Diagnostics['queue']> {
  const oldest = await allRows<OutboxEntry>(tx, 'outbox', '', DIAGNOSTICS_ROWS_MAX)
  const inFlight = await getMeta(tx, 'inFlight')
  return {
    byCollection: (await getCounts(tx)).outbox,
    oldest: oldest.map(({ mutation, sends, notBeforeMs }) => ({
      ...changeLine(mutation),
      sends,
      notBeforeMs,
    })),
    inFlight: inFlight && { requestId: inFlight.requestId, mutations: inFlight.mutationIds.length },
    batchMax: await getMeta(tx, 'batchMax'),
  }
}

async function noticeLines(
  tx: StoreTx,
): Promise<Pick<Diagnostics, 'conflicts' | 'deadLetters' | 'refusals'>> {
  const { conflict, dead_letter, refusal } = await listNotices(tx)
  return {
    conflicts: bounded(conflict).map(({ conflictId, collection, recordId, noticedAtMs }) => ({
      conflictId,
      collection,
      recordId,
      noticedAt: toIso(noticedAtMs),
    })),
    deadLetters: bounded(dead_letter).map(({ deadLetterId, code, mutation }) => ({
      ...changeLine(mutation),
      deadLetterId,
      code,
    })),
    refusals: bounded(refusal).map(({ code, mutation }) => ({
      ...changeLine(mutation),
      code,
    })),
  }
}

async function rowCounts(tx: StoreTx): Promise<Readonly<Record<Table, number>>> {
  const counts: [Table, number][] = []
  for (const table of TABLES) counts.push([table, await tx.count(table)])
  return Object.fromEntries(counts) as Record<Table, number>
}
