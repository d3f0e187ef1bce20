import type { SamplePort } from '../ports.ts'
import type { MemoryState } from './state.ts'

export function memorySamples(state: MemoryState): SamplePort {
  return {
    records: (fleetId, collection, below, limit) =>
      state.inFleet(fleetId, ({ records }) =>
        records
          .values()
          .filter((row) => row.collection === collection && !row.deleted && row.version < (below ?? Infinity))
          .sort((a, b) => b.version - a.version)
          .slice(0, limit)
          .map(({ committedAtMs: _, ...record }) => record),
      ),
    changes: (fleetId, collection, below, limit) =>
      state.inFleet(fleetId, ({ changes }) =>
        changes
          .values()
          .flatMap(({ mutation, version, deviceId, appVersion, committedAtMs }) =>
            mutation.collection === collection && version !== null && version < (below ?? Infinity)
              ? [{ version, mutation, deviceId, appVersion, committedAtMs }]
              : [],
          )
          .sort((a, b) => b.version - a.version)
          .slice(0, limit),
      ),
    sizes: (fleetId, collections, recordsMax) =>
      state.inFleet(fleetId, ({ records, positions, devices }) => {
        const sizes = collections.map((name) => {
          const live = records.values().filter((row) => row.collection === name && !row.deleted)
          const followers = positions
            .values()
            .filter(
              ({ deviceId, collection, firstCompleteAtMs }) =>
                collection === name &&
                firstCompleteAtMs !== null &&
                (devices.get(deviceId)?.status ?? 'revoked') !== 'revoked',
            )
          return [name, { records: Math.min(live.length, recordsMax), followers: followers.length }] as const
        })
        return new Map(sizes)
      }),
  }
}
