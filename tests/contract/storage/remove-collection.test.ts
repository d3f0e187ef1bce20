import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ConflictEffect } from '#lib/engine/types.ts'
import {
  audit,
  BACKENDS,
  changeOf,
  collectionOf,
  conflictEffect,
  commit,
  makeDevice,
  makeFleet,
  opened,
  shownBy,
} from './world.ts'

describe.each(BACKENDS)('removing a collection on $name', (backend) => {
  const current = opened(backend)
  const BATCHES = { size: 2, rounds: 1 }

  async function fleetWith(records: number, conflict?: () => ConflictEffect) {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const gone = collectionOf(fleetId, { name: 'gone' })
    for (const each of [gone, collectionOf(fleetId, { name: 'kept' })])
      await storage.collections.create(each, audit())
    for (const collection of ['gone', 'kept']) {
      for (let version = 1; version <= records; version++)
        await commit(
          storage,
          fleetId,
          () => [changeOf({ deviceId, collection, version, ...(conflict && { conflict: conflict() }) })],
          {},
          [collection],
        )
      await storage.sync.deliver(fleetId, shownBy(deviceId, { [collection]: records }))
    }
    const pull = (collection: string) =>
      storage.sync.pull(fleetId, [{ collection, afterVersion: 0 }], { limit: 9, maxBytes: 1e6 })
    return { storage, fleetId, gone, pull }
  }

  it('takes it away at its version and burns one of its stream; its records go in batches, and nothing else', async () => {
    const { storage, fleetId, gone, pull } = await fleetWith(3)
    const { configVersion = 0 } = (await storage.fleets.get(fleetId)) ?? {}
    expect(await storage.collections.remove(fleetId, gone.id, 7, audit())).toBe('stale')
    expect(await storage.collections.remove(fleetId, randomUUID(), 1, audit())).toBe('stale')
    expect(await storage.collections.remove(fleetId, gone.id, 1, audit())).toBe('removed')
    expect((await storage.collections.list(fleetId)).map(({ name }) => name)).toEqual(['kept'])
    expect(await storage.collections.schemaVersions(fleetId, gone.id)).toEqual([])
    expect((await storage.fleets.get(fleetId))?.configVersion).toBe(configVersion + 1)
    const page = await pull('gone')
    expect([page.heads.get('gone'), page.purged.get('gone')]).toEqual([4, 4])

    const again = collectionOf(fleetId, { name: 'gone' })
    expect(await storage.collections.create(again, audit())).toBe('being_removed')
    const other = await makeFleet(storage)
    expect(await storage.maintenance.purgeRemoved(other.id, BATCHES)).toEqual({ deleted: 0, more: false })
    expect(await storage.maintenance.purgeRemoved(fleetId, BATCHES)).toEqual({ deleted: 3, more: true })
    expect(await storage.maintenance.purgeRemoved(fleetId, BATCHES)).toEqual({ deleted: 1, more: false })
    expect(await storage.collections.create(again, audit())).toBe('created')
    expect((await pull('gone')).records).toEqual([])
    expect((await pull('kept')).records).toHaveLength(3)
  })

  it('is refused while a conflict of it is open', async () => {
    const conflict = () => conflictEffect({ outcome: 'manual', result: null, resolution: null })
    const { storage, fleetId, gone } = await fleetWith(1, conflict)
    expect(await storage.collections.remove(fleetId, gone.id, 1, audit())).toBe('conflicts_open')
    expect(await storage.collections.get(fleetId, gone.id)).not.toBeNull()
  })
})
