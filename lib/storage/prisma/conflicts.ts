import type { JsonObject } from '#lib/kernel/json.ts'
import { CONFLICTS_PER_SESSION_MAX } from '../change-rows.ts'
import type { ConflictFilter, ConflictPort, ConflictRow } from '../ports.ts'
import type { Database } from './database.ts'
import type { Conflict, Prisma } from './generated/client.ts'
import { pageAfter, pageOf } from './page.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, fromJson, ms } from './values.ts'

export function postgresConflicts(database: Database): ConflictPort {
  return {
    list: async (fleetId, filter, page) => {
      const rows = await database.prismaInFleet(fleetId, (tx) =>
        tx.conflict.findMany({
          where: { fleetId, AND: [whereOf(filter), pageAfter('createdAt', page.cursor)] },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
          take: page.limit + 1,
        }),
      )
      return pageOf(rows.map(conflictOf), (row) => ({ atMs: row.createdAtMs, id: row.id }), page.limit)
    },
    get: async (fleetId, id) => {
      const row = await database.prismaInFleet(fleetId, (tx) =>
        tx.conflict.findUnique({ where: { fleetId_id: { fleetId, id } } }),
      )
      return row && conflictOf(row)
    },
    ofSession: async (fleetId, sessionId) => {
      const rows = await database.prismaInFleet(fleetId, (tx) =>
        tx.conflict.findMany({
          where: { fleetId, sessionId },
          orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
          take: CONFLICTS_PER_SESSION_MAX,
        }),
      )
      return rows.map(conflictOf)
    },
    countOpen: (fleetId) =>
      database.prismaInFleet(fleetId, (tx) => tx.conflict.count({ where: { fleetId, status: 'open' } })),
  }
}

function whereOf(filter: ConflictFilter): Prisma.ConflictWhereInput {
  return {
    ...(filter.status === null ? {} : { status: filter.status }),
    ...(filter.strategy === null ? {} : { strategy: filter.strategy }),
    ...(filter.collection === null ? {} : { collection: storableText(filter.collection) }),
    ...(filter.recordId === null ? {} : { recordId: filter.recordId }),
    ...(filter.deviceId === null ? {} : { deviceId: filter.deviceId }),
    ...(filter.sessionId === null ? {} : { sessionId: filter.sessionId }),
    createdAt: {
      ...(filter.fromMs === null ? {} : { gte: at(filter.fromMs) }),
      ...(filter.toMs === null ? {} : { lt: at(filter.toMs) }),
    },
  }
}

function conflictOf(row: Conflict): ConflictRow {
  return {
    id: row.id,
    fleetId: row.fleetId,
    mutationId: row.mutationId,
    collection: originalText(row.collection),
    recordId: row.recordId,
    deviceId: row.deviceId,
    sessionId: row.sessionId,
    strategy: row.strategy as ConflictRow['strategy'],
    outcome: row.outcome as ConflictRow['outcome'],
    fields: fromJson<readonly string[]>(row.fields),
    base: fromJson<JsonObject | null>(row.base),
    schemaVersion: row.schemaVersion,
    baseKnown: row.baseKnown,
    local: fromJson<JsonObject | null>(row.local),
    remote: fromJson<JsonObject | null>(row.remote),
    result: fromJson<JsonObject | null>(row.result),
    resolution: fromJson<ConflictRow['resolution']>(row.resolution),
    status: row.status as ConflictRow['status'],
    createdAtMs: ms(row.createdAt),
    closure: closureOf(row),
  }
}

function closureOf({ closedBy, closedKept, closedVersion, closedAt }: Conflict): ConflictRow['closure'] {
  if (closedBy === null || closedAt === null) return null
  const kept = closedKept as NonNullable<ConflictRow['closure']>['kept']
  return { mutationId: closedBy, kept, version: Number(closedVersion), atMs: ms(closedAt) }
}
