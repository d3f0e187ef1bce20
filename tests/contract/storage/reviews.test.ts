import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { StoredReview } from '#lib/storage/ports.ts'
import { answering, reviewOf } from '../../support/review-fixture.ts'
import { audit, BACKENDS, makeFleet, NOW_MS, opened } from './world.ts'

describe.each(BACKENDS)('design reviews over $name', (backend) => {
  const current = opened(backend)

  it('[DR9] appends version after version, of its own fleet and collection, and lists the latest first', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [collectionId, otherId] = [randomUUID(), randomUUID()]
    const version = (number: number, changes: Partial<StoredReview> = {}): StoredReview => ({
      ...reviewOf(answering({ shape: 'fields' }, { '/a\0b': 'text' })),
      note: `why\0${number}`,
      version: number,
      id: randomUUID(),
      fleetId,
      collectionId,
      atMs: NOW_MS + number,
      ...changes,
    })
    const add = (review: StoredReview) =>
      storage.reviews.add(review, 3, audit('collection.review', { fleetId, target: review.collectionId }))
    const [one, two, three] = [version(1), version(2), version(3)]
    expect(await storage.reviews.newest(fleetId, collectionId)).toBeNull()
    expect(await add(two)).toBe('stale')
    expect(await add(one)).toBe('added')
    expect(await add(version(1))).toBe('stale')
    expect(await storage.reviews.newest(fleetId, collectionId)).toEqual(one)
    const both = await Promise.all([add(two), add({ ...version(2), id: randomUUID() })])
    expect(both.toSorted()).toEqual(['added', 'stale'])
    expect([await add(three), await add(version(4))]).toEqual(['added', 'full'])
    const first = await storage.reviews.list(fleetId, collectionId, { limit: 2, cursor: null })
    expect(first.items.map((review) => review.version)).toEqual([3, 2])
    const rest = await storage.reviews.list(fleetId, collectionId, { limit: 2, cursor: first.next })
    expect(rest).toEqual({ items: [one], next: null })
    expect(await storage.reviews.newest(fleetId, otherId)).toBeNull()
    const other = await makeFleet(storage)
    expect(await storage.reviews.newest(other.id, collectionId)).toBeNull()
    const log = await storage.audit.list({ fleetId, action: 'collection.review' }, { limit: 9, cursor: null })
    expect(log.items).toHaveLength(3)
  })
})
