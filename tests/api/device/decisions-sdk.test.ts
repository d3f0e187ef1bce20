import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ConflictNotice } from '#lib/client/tables.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { NOTES_SCHEMA } from '#tests/support/device-world.ts'

/** What is decided on a device, on real replicas over a socket and PostgreSQL, while another one goes on writing. */
describe('a conflict that is decided on its device while another one writes', () => {
  let world: DeviceHttp
  let one: Replica
  let two: Replica
  beforeAll(async () => {
    world = await deviceHttp()
    const { fleetId } = world.fleet
    for (const strategy of ['manual', 'field-merge'])
      await createCollection(world.app.ctx, {
        actor: SYSTEM,
        fleetId,
        body: { name: strategy, strategy, tieRule: 'manual', schema: NOTES_SCHEMA },
      })
    one = await world.replica()
    two = await world.replica()
    for (const replica of [one, two]) await replica.sync()
  })
  afterAll(async () => {
    for (const replica of [one, two]) await replica.close()
    await world.close()
  })

  const noticesOf = (id: string): readonly ConflictNotice[] =>
    one.conflicts$.get().filter(({ recordId }) => recordId === id)
  const noticeOf = (id: string): ConflictNotice => {
    const [notice] = noticesOf(id)
    if (!notice) throw new Error('nothing waits for a person')
    return notice
  }
  const theirsOf = (id: string): unknown[] => noticesOf(id).map(({ record }) => record?.data ?? null)
  const shownBy = (replica: Replica, name: string, id: string): Promise<JsonObject | undefined> =>
    replica
      .collection(name)
      .get(id)
      .then((view) => view?.data)

  /** `one` is in conflict with what `two` wrote, and knows of nothing later. */
  async function contested(name: string, mine: 'edit' | 'remove' = 'edit') {
    const { recordId } = await one.collection(name).put(null, { title: 'first' })
    for (const replica of [one, two]) await replica.sync()
    await two.collection(name).patch(recordId, { set: { title: 'theirs' } })
    await two.sync()
    await (mine === 'edit'
      ? one.collection(name).patch(recordId, { set: { title: 'mine' } })
      : one.collection(name).remove(recordId))
    await one.sync()
    const notice = noticeOf(recordId)
    expect(notice.record?.data).toEqual({ title: 'theirs' })
    return { recordId, conflictId: notice.conflictId, notice }
  }
  /** `two` goes on, which the server takes. */
  async function goOn(name: string, recordId: string, set: JsonObject | null): Promise<void> {
    await two.sync()
    const { patch, remove } = two.collection(name)
    await (set === null ? remove(recordId) : patch(recordId, { set }))
    await two.sync()
    expect([two.status$.get().pending, two.conflicts$.get()]).toEqual([0, []])
  }
  const settle = async (): Promise<void> => {
    for (const replica of [one, two, one]) await replica.sync()
  }
  /** Every conflict of it by what the device shows of their side by then. */
  async function takeTheirs(name: string, id: string): Promise<void> {
    for (let notice = noticesOf(id)[0]; notice; notice = noticesOf(id)[0]) {
      const resolves = { resolves: notice }
      const theirs = notice.record?.data
      await (theirs
        ? one.collection(name).put(id, theirs, resolves)
        : one.collection(name).remove(id, resolves))
      await settle()
    }
  }

  it.each(['manual', 'field-merge'])(
    '[CS12] %s: the open notice tells what a pull brought, and its side is what is kept then',
    async (name) => {
      const { recordId } = await contested(name)
      await goOn(name, recordId, { title: 'theirs too', count: 2 })
      await one.sync()
      expect(theirsOf(recordId)).toEqual([{ title: 'theirs too', count: 2 }])
      await takeTheirs(name, recordId)
      for (const replica of [one, two])
        expect(await shownBy(replica, name, recordId)).toEqual({ title: 'theirs too', count: 2 })
    },
  )

  it.each(['manual', 'field-merge'])(
    '[CS12] %s: a decision on the version that a view drew meets what came since, though that was pulled',
    async (name) => {
      const { recordId, notice } = await contested(name)
      await goOn(name, recordId, { title: 'theirs too' })
      await one.sync()
      await one.collection(name).put(recordId, { title: 'both' }, { resolves: notice })
      await settle()
      expect(await shownBy(two, name, recordId)).toEqual({ title: 'theirs too' })
      expect(theirsOf(recordId)).toEqual([{ title: 'theirs too' }, { title: 'theirs too' }])
      await takeTheirs(name, recordId)
      for (const replica of [one, two])
        expect(await shownBy(replica, name, recordId)).toEqual({ title: 'theirs too' })
    },
  )

  it('[CS12] their side, chosen as it was, is asked about again', async () => {
    const { recordId, notice } = await contested('manual')
    await goOn('manual', recordId, { title: 'theirs too' })
    await one.sync()
    await one.collection('manual').patch(recordId, { set: { title: 'theirs' } }, { resolves: notice })
    await settle()
    expect(await shownBy(two, 'manual', recordId)).toEqual({ title: 'theirs too' })
    expect(noticesOf(recordId)).toHaveLength(2)
    await takeTheirs('manual', recordId)
  })

  it('[CS12] field by field, a choice of their side lets stand what they wrote there since', async () => {
    const { recordId, notice } = await contested('field-merge')
    await goOn('field-merge', recordId, { title: 'theirs too' })
    await one.sync()
    const resolves = { resolves: notice }
    await one.collection('field-merge').patch(recordId, { set: { title: 'theirs' } }, resolves)
    await settle()
    for (const replica of [one, two])
      expect(await shownBy(replica, 'field-merge', recordId)).toEqual({ title: 'theirs too' })
    expect(noticesOf(recordId)).toEqual([])
  })

  it('[CS12] what is decided offline and sent later meets what came since, and so does what was made behind it', async () => {
    const { recordId, conflictId } = await contested('manual')
    await one.collection('manual').patch(recordId, { set: { count: 5 } })
    await one.collection('manual').put(recordId, { title: 'both' }, { resolves: conflictId })
    await one.collection('manual').patch(recordId, { set: { count: 6 } })
    await goOn('manual', recordId, { title: 'theirs too' })
    await settle()
    expect(await shownBy(two, 'manual', recordId)).toEqual({ title: 'theirs too' })
    expect(theirsOf(recordId)).toEqual([{ title: 'theirs too' }, { title: 'theirs too' }])
    await takeTheirs('manual', recordId)
    expect(one.status$.get().pending).toBe(0)
    for (const replica of [one, two])
      expect(await shownBy(replica, 'manual', recordId)).toEqual({ title: 'theirs too' })
  })

  it.each([
    ['kept with their changes', false],
    ['removed everywhere', true],
  ] as const)(
    '[CS12] what was removed here and is %s is so on the version that the person saw',
    async (_, removes) => {
      const { recordId, notice } = await contested('manual', 'remove')
      await goOn('manual', recordId, { title: 'theirs too', count: 2 })
      await one.sync()
      const resolves = { resolves: notice }
      const collection = one.collection('manual')
      await (removes
        ? collection.remove(recordId, resolves)
        : collection.put(recordId, { title: 'theirs' }, resolves))
      await settle()
      const now = { title: 'theirs too', count: 2 }
      expect(await shownBy(two, 'manual', recordId)).toEqual(now)
      expect(theirsOf(recordId)).toEqual([now, now])
      await takeTheirs('manual', recordId)
      for (const replica of [one, two]) expect(await shownBy(replica, 'manual', recordId)).toEqual(now)
    },
  )

  it('[CS12] a removal that comes while a person decides is told, and a decision on what was there meets it', async () => {
    const { recordId, notice } = await contested('manual')
    await goOn('manual', recordId, null)
    await one.sync()
    expect(noticesOf(recordId)).toMatchObject([{ record: { deleted: true, data: null } }])
    await one.collection('manual').put(recordId, { title: 'both' }, { resolves: notice })
    await settle()
    expect(await shownBy(two, 'manual', recordId)).toBeUndefined()
    expect(theirsOf(recordId)).toEqual([null, null])
    await takeTheirs('manual', recordId)
    for (const replica of [one, two]) expect(await shownBy(replica, 'manual', recordId)).toBeUndefined()
  })

  it('[CS12] what is brought back from a removal that the person saw meets what another put there since', async () => {
    const { recordId } = await contested('manual')
    await goOn('manual', recordId, null)
    await one.sync()
    const notice = noticeOf(recordId)
    await two.collection('manual').put(recordId, { title: 'made anew' })
    await two.sync()
    await one.sync()
    expect(theirsOf(recordId)).toEqual([{ title: 'made anew' }])
    await one.collection('manual').put(recordId, { title: 'mine' }, { resolves: notice })
    await settle()
    expect(await shownBy(two, 'manual', recordId)).toEqual({ title: 'made anew' })
    await takeTheirs('manual', recordId)
    for (const replica of [one, two])
      expect(await shownBy(replica, 'manual', recordId)).toEqual({ title: 'made anew' })
  })

  it('[CS12] a side that was brought back from a removal which nobody touched since is written', async () => {
    const { recordId } = await contested('manual')
    await goOn('manual', recordId, null)
    await one.sync()
    const notice = noticeOf(recordId)
    await one.collection('manual').put(recordId, { title: 'mine' }, { resolves: notice })
    await settle()
    expect(noticesOf(recordId)).toEqual([])
    for (const replica of [one, two])
      expect(await shownBy(replica, 'manual', recordId)).toEqual({ title: 'mine' })
  })
})
