import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AppRelease } from '#lib/storage/ports.ts'
import { audit, BACKENDS, makeFleet, NOW_MS, opened } from './world.ts'

describe.each(BACKENDS)('app releases over $name', (backend) => {
  const current = opened(backend)

  it('keeps each version once, as many as there may be, the latest first, and of its own fleet', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const releaseOf = (version: string, changes: Partial<AppRelease> = {}): AppRelease => ({
      id: randomUUID(),
      fleetId,
      version,
      releasedAtMs: NOW_MS,
      note: null,
      recordedBy: 'Ada',
      createdAtMs: NOW_MS,
      ...changes,
    })
    const add = (release: AppRelease) => storage.releases.add(release, 2, audit())
    const [one, two] = [releaseOf('1.0\0'), releaseOf('2.0', { releasedAtMs: NOW_MS + 1, note: 'b\0' })]
    expect([await add(one), await add(two)]).toEqual(['added', 'added'])
    expect([await add(releaseOf('2.0')), await add(releaseOf('3.0'))]).toEqual(['known', 'full'])
    expect(await storage.releases.list(fleetId)).toEqual([two, one])
    const other = await makeFleet(storage)
    expect(await storage.releases.list(other.id)).toEqual([])
    const describeIt = (release: AppRelease) => audit('release.remove', { target: release.version })
    expect(await storage.releases.remove(other.id, one.id, describeIt)).toBeNull()
    expect(await storage.releases.remove(fleetId, one.id, describeIt)).toEqual(one)
    expect(await storage.releases.list(fleetId)).toEqual([two])
    const log = await storage.audit.list(
      { fleetId: null, action: 'release.remove' },
      { limit: 5, cursor: null },
    )
    expect(log.items.map(({ target }) => target)).toEqual([one.version])
    expect(await Promise.all([add(releaseOf('4.0')), add(releaseOf('5.0'))])).toEqual(
      expect.arrayContaining(['added', 'full']),
    )
  })
})
