import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { SavedView } from '#lib/storage/ports.ts'
import { audit, BACKENDS, makeFleet, NOW_MS, opened } from './world.ts'

describe.each(BACKENDS)('saved views over $name', (backend) => {
  const current = opened(backend)
  const viewOf = (fleetId: string, changes: Partial<SavedView> = {}): SavedView => ({
    id: randomUUID(),
    fleetId,
    page: 'sessions',
    name: 'failed',
    params: { q: 'result:failed', range: '1h' },
    shared: false,
    ownerId: 'ada',
    ownerName: 'Ada',
    createdAtMs: NOW_MS,
    ...changes,
  })

  it('keeps views by page and name, each name once for an owner, as many as fit', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const add = (view: SavedView, max = 9) =>
      storage.views.add(view, (others) => others.length >= max, view.shared ? audit('view.share') : null)
    const failed = viewOf(fleetId)
    const away = viewOf(fleetId, { name: 'away\0', page: 'devices', params: {} })
    const theirs = viewOf(fleetId, { ownerId: 'bob', shared: true })
    for (const view of [failed, away, theirs]) expect(await add(view)).toBe('added')
    expect(await add(viewOf(fleetId))).toBe('name_taken')
    expect(await add(viewOf(fleetId, { name: 'other' }), 2)).toBe('full')
    expect(await storage.views.list(fleetId, 'devices')).toEqual([away])
    const listed = await storage.views.list(fleetId, 'sessions')
    expect(listed).toHaveLength(2)
    expect(listed).toEqual(expect.arrayContaining([failed, theirs]))
    const other = await makeFleet(storage)
    expect(await storage.views.list(other.id, 'sessions')).toEqual([])
    const shared = { fleetId: null, action: 'view.share' }
    expect((await storage.audit.list(shared, { limit: 9, cursor: null })).items).toHaveLength(1)
  })

  it('changes and removes one beside the others of its page; a refusal writes nothing', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [a, b] = [viewOf(fleetId, { name: 'a' }), viewOf(fleetId, { name: 'b' })]
    for (const view of [a, b]) await storage.views.add(view, () => false, null)
    const renamed = (name: string) => (view: SavedView) => ({ next: { ...view, name }, audit: audit() })
    expect(await storage.views.change(fleetId, b.id, renamed('c'))).toEqual({ ...b, name: 'c' })
    expect(await storage.views.change(fleetId, b.id, renamed('a'))).toBe('name_taken')
    const names: string[] = []
    await storage.views.change(fleetId, b.id, (view, others) => {
      names.push(view.name, ...others.map(({ name }) => name))
      return { next: view, audit: null }
    })
    expect(names).toEqual(['c', 'a'])
    const refuse = () => {
      throw new Error('no')
    }
    await expect(storage.views.change(fleetId, a.id, refuse)).rejects.toThrow('no')
    expect(await storage.views.change(fleetId, a.id, () => ({ next: null, audit: null }))).toEqual(a)
    expect(await storage.views.change(fleetId, a.id, () => ({ next: null, audit: null }))).toBeNull()
    expect((await storage.views.list(fleetId, 'sessions')).map(({ name }) => name)).toEqual(['c'])
  })
})
