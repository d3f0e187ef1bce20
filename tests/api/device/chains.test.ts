import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { MutationResult, PushResponse } from '#lib/protocol/push.ts'
import type { TestDevice } from '#tests/support/device-world.ts'
import { NOTES_SCHEMA, bodyOf, newUuid } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

let world: DeviceHttp
let one: TestDevice
let two: TestDevice
beforeAll(async () => {
  world = await deviceHttp()
  for (const strategy of ['lww', 'fww', 'manual'] as const) {
    const body = { name: strategy, strategy, schema: NOTES_SCHEMA }
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })
  }
  one = await world.device()
  two = await world.device()
})
afterAll(() => world.close())

const put = (title: unknown, count?: number) =>
  ({ type: 'put', data: { title, ...(count !== undefined && { count }) } }) as never
const patch = (set: object) => ({ type: 'patch', set }) as never
/** The next link of a chain: same record, same base. */
const child = (of: Mutation, op: Mutation['op'], device = one): Mutation =>
  device.mutation({
    collection: of.collection,
    recordId: of.recordId,
    baseVersion: of.baseVersion,
    after: of.id,
    op,
  })
const statuses = ({ results }: PushResponse) => results.map(({ status }) => status)
async function recordOf(made: Mutation): Promise<unknown> {
  return (await world.storage.sync.getRecord(one.fleetId, made.collection, made.recordId))?.data
}
/** A record of version `baseVersion` that both devices know. */
async function known(collection = 'notes', data: object = { title: 'base', count: 0 }) {
  const made = one.mutation({ collection, op: { type: 'put', data } as never })
  const { head } = await one.pushed([made])
  return { recordId: made.recordId, collection, baseVersion: head[collection] as number }
}
const only = ({ results }: PushResponse): MutationResult => results[0] as MutationResult

describe('chains by `after`, over HTTP and PostgreSQL', () => {
  it('[AF1] a chain in one push, and over several: no link is concurrent with its own', async () => {
    const first = one.mutation({ op: put('1') })
    const second = child(first, patch({ count: 1 }))
    const third = child(second, patch({ title: '3' }))
    expect(statuses(await one.pushed([first, second]))).toEqual(['applied', 'applied'])
    expect(statuses(await one.pushed([third]))).toEqual(['applied'])
    expect(await recordOf(first)).toEqual({ title: '3', count: 1 })
  })

  it('[AF1] without `after` the same changes collide with what another device did meanwhile', async () => {
    const base = await known('fww')
    await two.pushed([two.mutation({ ...base, op: patch({ count: 7 }) })])
    expect(statuses(await one.pushed([one.mutation({ ...base, op: patch({ title: 'x' }) })]))).toEqual([
      'conflict',
    ])
  })

  it('[AF2] goes on where its parent was merged, with the parent’s fields and the other device’s', async () => {
    const base = await known()
    await two.pushed([two.mutation({ ...base, op: patch({ count: 7 }) })])
    const parent = one.mutation({ ...base, op: patch({ title: 'mine' }) })
    const next = child(parent, patch({ title: 'mine again' }))
    expect(statuses(await one.pushed([parent]))).toEqual(['merged'])
    const answer = only(await one.pushed([next]))
    expect(['applied', 'merged']).toContain(answer.status)
    expect(await recordOf(parent)).toEqual({ title: 'mine again', count: 7 })
  })

  it('[AF2] stands on what its superseded parent wanted', async () => {
    const base = await known('lww')
    const hlc = formatHlc({ wallMs: Date.now() - 60_000, counter: 0, deviceId: one.id })
    const late = one.mutation({ ...base, hlc, op: patch({ title: 'late' }) })
    await two.pushed([two.mutation({ ...base, op: put('newer', 5) })])
    expect(statuses(await one.pushed([late]))).toEqual(['superseded'])
    const next = child(late, patch({ count: 9 }))
    const answer = only(await one.pushed([next]))
    expect(answer.status).toBe('merged')
    // The last write is the whole document as the device saw it: its parent's title with its own count.
    expect(await recordOf(late)).toEqual({ title: 'late', count: 9 })
  })

  it('[AF3] waits with its parent in conflict, under the same id, in one push and later', async () => {
    const base = await known('manual')
    await two.pushed([two.mutation({ ...base, op: patch({ count: 7 }) })])
    const parent = one.mutation({ ...base, op: patch({ title: 'mine' }) })
    const [second, third] = [child(parent, patch({ count: 1 })), child(parent, patch({ count: 2 }))]
    const { results } = await one.pushed([parent, second])
    const { conflictId } = results[0] as { conflictId: string }
    expect(results).toMatchObject([
      { status: 'conflict', record: { data: { title: 'base', count: 7 } } },
      { status: 'conflict', conflictId },
    ])
    expect((await one.pushed([{ ...third, after: second.id }])).results).toMatchObject([
      { status: 'conflict', conflictId },
    ])
    const version = (results[0] as { record: { version: number } }).record.version
    const path = `/conflicts/${conflictId}/resolve?fleet=${one.fleetId}`
    expect((await world.admin('POST', path, { choice: 'mine', version })).status).toBe(200)
    expect(await recordOf(parent)).toMatchObject({ title: 'mine', count: 2 })
  })

  it('[AF3] is superseded when the other side was kept', async () => {
    const base = await known('manual')
    await two.pushed([two.mutation({ ...base, op: patch({ count: 7 }) })])
    const parent = one.mutation({ ...base, op: patch({ title: 'mine' }) })
    const held = child(parent, patch({ count: 1 }))
    const { results } = await one.pushed([parent, held])
    const { conflictId, record } = results[0] as { conflictId: string; record: { version: number } }
    const path = `/conflicts/${conflictId}/resolve?fleet=${one.fleetId}`
    expect((await world.admin('POST', path, { choice: 'theirs', version: record.version })).status).toBe(200)
    const later = child(held, patch({ count: 3 }))
    expect(statuses(await one.pushed([later]))).toEqual(['superseded'])
    expect(await recordOf(parent)).toEqual({ title: 'base', count: 7 })
  })

  it('[DL3] dies with its parent, in one push, later, and once it was discarded', async () => {
    const parent = one.mutation({ op: put(7) })
    const second = child(parent, patch({ count: 1 }))
    const { results } = await one.pushed([parent, second])
    expect(results).toMatchObject([
      { status: 'dead_lettered', code: 'schema_mismatch' },
      { status: 'dead_lettered', code: 'parent_dead_lettered' },
    ])
    const { deadLetterId } = results[0] as { deadLetterId: string }
    const discarded = await world.admin(
      'POST',
      `/dead-letters/${deadLetterId}/discard?fleet=${one.fleetId}`,
      {
        reason: 'a test',
      },
    )
    expect(discarded.status).toBe(200)
    expect(
      (await one.pushed([child(second, patch({ count: 2 })), child(parent, patch({ count: 3 }))])).results,
    ).toMatchObject([{ code: 'parent_dead_lettered' }, { code: 'parent_dead_lettered' }])
    expect(await recordOf(parent)).toBeUndefined()
  })

  it('[AF4] goes on from the mutation that took its edited parent’s place', async () => {
    const parent = one.mutation({ op: put(7) })
    const { deadLetterId } = only(await one.pushed([parent])) as { deadLetterId: string }
    const edited = await world.admin('POST', `/dead-letters/${deadLetterId}/edit?fleet=${one.fleetId}`, {
      op: put('seven'),
      reason: 'a number in words',
    })
    expect([edited.status, await bodyOf(edited)]).toMatchObject([200, { result: { status: 'applied' } }])
    expect(statuses(await one.pushed([child(parent, patch({ count: 2 }))]))).toEqual(['applied'])
    expect(await recordOf(parent)).toEqual({ title: 'seven', count: 2 })
  })

  it('[AF3] is refused with its parent in one push; sent after it, the parent is unknown', async () => {
    const parent = { ...one.mutation(), hlc: two.mutation().hlc }
    const next = child(parent, put('child'))
    expect((await one.pushed([parent, next])).results).toMatchObject([
      { status: 'refused', code: 'foreign_actor' },
      { status: 'refused', code: 'parent_refused' },
    ])
    expect(statuses(await one.pushed([next]))).toEqual(['applied'])
  })

  it('[AF3] a parent that is unknown, of another record or of another device leaves the base unknown', async () => {
    const elsewhere = one.mutation()
    const foreign = two.mutation()
    await one.pushed([elsewhere])
    await two.pushed([foreign])
    for (const after of [newUuid(), elsewhere.id, foreign.id]) {
      const base = await known('fww')
      const lost = one.mutation({ ...base, after, op: patch({ count: 1 }) })
      expect(statuses(await one.pushed([lost])), after).toEqual(['conflict'])
      expect(statuses(await one.pushed([one.mutation({ after })])), 'base 0 stays 0').toEqual(['applied'])
    }
  })

  it('[AF3] a child before its parent in one push does not know it', async () => {
    const base = await known('fww')
    const parent = one.mutation({ ...base, op: patch({ title: 'parent' }) })
    const next = child(parent, patch({ count: 1 }))
    expect(statuses(await one.pushed([next, parent]))).toEqual(['conflict', 'applied'])
  })

  it('[AF3] what hangs on itself, or two on each other, have an unknown base, and an end', async () => {
    const base = await known('fww')
    const self = one.mutation({ ...base, op: patch({ count: 1 }) })
    expect(statuses(await one.pushed([{ ...self, after: self.id }]))).toEqual(['conflict'])
    const left = one.mutation({ op: put('left') })
    const right = child(left, patch({ count: 1 }))
    expect(statuses(await one.pushed([{ ...left, after: right.id }, right]))).toEqual(['applied', 'merged'])
  })

  it('[CS9] delete, then put with base 0 recreates; a delete in a chain is the chain’s own', async () => {
    const made = one.mutation()
    const gone = child(made, { type: 'delete' })
    const again = child(gone, put('again'))
    expect(statuses(await one.pushed([made, gone, again]))).toEqual(['applied', 'applied', 'applied'])
    const base = await known()
    await one.pushed([one.mutation({ ...base, op: { type: 'delete' } })])
    const recreated = one.mutation({ collection: 'notes', recordId: base.recordId, op: put('anew') })
    expect(statuses(await one.pushed([recreated]))).toEqual(['applied'])
    expect(await recordOf(recreated)).toEqual({ title: 'anew' })
  })

  it('[AT1] a chain in an atomic push is one: its culprit and what hangs on it are named, the rest not applied', async () => {
    const fine = one.mutation({ collection: 'lww' })
    const parent = one.mutation({ op: put(7) })
    const next = child(parent, patch({ count: 1 }))
    const response = await one.push(one.pushBody([fine, parent, next], { atomic: true }))
    expect([response.status, await bodyOf(response)]).toMatchObject([
      409,
      {
        code: 'atomic_aborted',
        results: [
          { id: fine.id, status: 'not_applied' },
          { id: parent.id, status: 'dead_lettered', code: 'schema_mismatch' },
          { id: next.id, status: 'dead_lettered', code: 'parent_dead_lettered' },
        ],
      },
    ])
    expect([await recordOf(fine), await world.storage.deadLetters.get(one.fleetId, parent.id)]).toEqual([
      undefined,
      null,
    ])
  })
})
