import { recordKey } from '#lib/engine/types.ts'
import type { RecordState } from '#lib/engine/types.ts'
import type { RecordTexts } from '#lib/engine/wire-record.ts'
import { reachedBy } from '../page-changes.ts'
import type { PullPage, PullRead, SyncPort, Tally, TallyRange } from '../ports.ts'
import { FleetGone } from '../ports.ts'
import { deliver } from './deliver.ts'
import { admitFullSync, fullSyncTurn, stateAt, statesAt } from './full-sync.ts'
import { pulledOps } from './ot-log.ts'
import { memoryPushTx } from './push.ts'
import type { FleetTables, MemoryState } from './state.ts'

export function memorySync(state: MemoryState): SyncPort {
  return {
    transact: (fleetId, work) =>
      state.inFleet(fleetId, (tables, undo) => work(memoryPushTx(state, fleetId, tables, undo))),
    pull: (fleetId, reads, bounds) =>
      state.inFleet(fleetId, (tables) => {
        const fleet = state.fleets.get(fleetId)
        if (!fleet) throw new FleetGone(`fleet ${fleetId} was removed`)
        return pullPage(fleet.epoch, tables, reads, bounds)
      }),
    tally: (fleetId, ranges) =>
      state.inFleet(fleetId, (tables) => {
        const fleet = state.fleets.get(fleetId)
        if (!fleet) throw new FleetGone(`fleet ${fleetId} was removed`)
        return tally(fleet.epoch, tables, ranges)
      }),
    deliver: (fleetId, delivery) =>
      state.inFleet(fleetId, (tables, undo) => deliver(state, tables, undo, delivery)),
    stateAt: (fleetId, collection, version, most) =>
      state.inFleet(fleetId, (tables) => stateAt(tables, collection, version, most)),
    statesAt: (fleetId, places) => state.inFleet(fleetId, (tables) => statesAt(tables, places)),
    admitFullSync: (fleetId, deviceId, pace) =>
      state.inFleet(fleetId, (tables, undo) => admitFullSync(tables, undo, deviceId, pace)),
    fullSyncTurn: (fleetId, deviceId, nowMs) =>
      state.inFleet(fleetId, (tables) => fullSyncTurn(tables, deviceId, nowMs)),
    getRecord: (fleetId, collection, recordId) =>
      state.inFleet(fleetId, (tables) => {
        const stored = tables.records.get(recordKey(collection, recordId))
        return stored ? withoutTime(stored) : null
      }),
    getRecords: (fleetId, keys) =>
      state.inFleet(fleetId, (tables) =>
        keys.flatMap(({ collection, recordId }) => {
          const stored = tables.records.get(recordKey(collection, recordId))
          return stored ? [withoutTime(stored)] : []
        }),
      ),
    versionsOf: (fleetId, keys) =>
      state.inFleet(fleetId, (tables) =>
        keys.flatMap(({ collection, recordId }) => {
          const stored = tables.records.get(recordKey(collection, recordId))
          return stored ? [{ collection, recordId, version: stored.version, deleted: stored.deleted }] : []
        }),
      ),
    standingOf: (fleetId, mutationIds) =>
      state.inFleet(fleetId, (tables) => {
        const letters = new Map(tables.deadLetters.values().map((row) => [row.mutation.id, row]))
        return [...new Set(mutationIds)].flatMap((mutationId) => {
          const row = tables.changes.get(mutationId)
          if (!row) return []
          const { status: letter = null } = letters.get(mutationId) ?? {}
          return [{ mutationId, collection: row.mutation.collection, status: row.status, letter }]
        })
      }),
    changesOfSession: (fleetId, sessionId, limit) =>
      state.inFleet(fleetId, (tables) =>
        tables.changes
          .values()
          .filter((row) => row.sessionId === sessionId)
          .sort((a, b) => a.committedAtMs - b.committedAtMs || (a.mutation.id < b.mutation.id ? -1 : 1))
          .slice(0, limit)
          .map(({ appVersion: _, replacedBy: __, ...row }) => row),
      ),
  }
}

function textsOf(record: RecordState): RecordTexts {
  const { collection, recordId, version, deleted, hlc, schemaVersion, life, ot } = record
  return {
    collection,
    recordId,
    version,
    deleted,
    data: JSON.stringify(record.data),
    versionVector: JSON.stringify(record.versionVector),
    hlc,
    schemaVersion,
    crdt: Object.keys(record.crdt).length === 0 ? null : JSON.stringify(record.crdt),
    life,
    ot,
  }
}

function withoutTime({ committedAtMs: _, ...record }: RecordState & { committedAtMs: number }): RecordState {
  return record
}

function pullPage(
  epoch: number,
  tables: FleetTables,
  reads: readonly PullRead[],
  bounds: { limit: number; maxBytes: number },
): PullPage {
  const all = tables.records.values()
  const records: RecordTexts[] = []
  const lastOf = new Map<string, number>()
  let bytes = 0
  let cut: number | null = null
  for (const [i, { collection, afterVersion }] of reads.entries()) {
    const behind = all.filter((row) => row.collection === collection && row.version > afterVersion)
    behind.sort((a, b) => a.version - b.version)
    for (const row of behind) {
      if (records.length === bounds.limit || bytes >= bounds.maxBytes) {
        cut = i
        break
      }
      const record = textsOf(row)
      records.push(record)
      lastOf.set(collection, row.version)
      bytes += record.data.length + (record.crdt?.length ?? 0)
    }
    if (cut !== null) break
  }
  const { heads, purged } = headsOf(tables, reads)
  const otOps = pulledOps(tables, reads, records, bounds)
  return { epoch, heads, purged, records, otOps, ...reachedBy(reads, heads, cut, lastOf) }
}

function tally(epoch: number, tables: FleetTables, ranges: readonly TallyRange[]): Tally {
  const all = tables.records.values()
  const within = ({ collection, afterVersion, upTo }: TallyRange): number =>
    all.filter((row) => row.collection === collection && row.version > afterVersion && row.version <= upTo)
      .length
  const records = new Map(ranges.map((range) => [range.collection, within(range)]))
  return { epoch, ...headsOf(tables, ranges), records }
}

const headsOf = (tables: FleetTables, reads: readonly PullRead[]): Pick<Tally, 'heads' | 'purged'> => ({
  heads: new Map(reads.map(({ collection }) => [collection, tables.heads.get(collection) ?? 0])),
  purged: new Map(reads.map(({ collection }) => [collection, tables.purged.get(collection) ?? 0])),
})
