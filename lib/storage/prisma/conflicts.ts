import type { JsonObject } from '#lib/kernel/json.ts'
import { CONFLICTS_PER_SESSION_MAX } from '../change-rows.ts'
import type { ConflictPort, ConflictRow } from '../ports.ts'
import type { Database } from './database.ts'
import type { Conflict } from './generated/client.ts'
import { originalText } from './storable-text.ts'
import { fromJson, ms } from './values.ts'

export function postgresConflicts(database: Database): ConflictPort {
  return {
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
    baseKnown: row.baseKnown,
    local: fromJson<JsonObject | null>(row.local),
    remote: fromJson<JsonObject | null>(row.remote),
    result: fromJson<JsonObject | null>(row.result),
    resolution: fromJson<ConflictRow['resolution']>(row.resolution),
    status: row.status as ConflictRow['status'],
    createdAtMs: ms(row.createdAt),
  }
}
