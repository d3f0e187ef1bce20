import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { encodeBase64 } from '#lib/kernel/base64.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { newUuid, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const COUNTERS = { strategy: 'crdt', schema: { type: 'object' } }
const MIXED = { strategy: 'field-merge', fieldStrategies: { '/likes': 'crdt' }, schema: true }

describe.each(STORAGES)('op crdt over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let one: TestDevice
  let two: TestDevice
  beforeAll(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
    for (const body of [
      { name: 'boards', ...COUNTERS },
      { name: 'posts', ...MIXED },
    ])
      await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    one = await TestDevice.enroll(app, fleet)
    two = await TestDevice.enroll(app, fleet)
  })
  afterAll(() => held.close())

  const change = (
    device: TestDevice,
    changes: readonly CrdtChange[],
    more: Partial<Mutation> = {},
  ): Mutation => device.mutation({ collection: 'boards', op: { type: 'crdt', changes }, ...more })
  const likes = (device: TestDevice, total: number): CrdtChange => ({
    path: '/likes',
    kind: 'pn-counter',
    state: { p: { [device.id]: total }, n: {} },
  })
  const stampOf = (device: TestDevice, atMs: number): string =>
    formatHlc({ wallMs: atMs, counter: 0, deviceId: device.id })

  it('[CS4] five kinds from two devices come together, and a pull carries their states', async () => {
    const [left, right] = [new Y.Doc(), new Y.Doc()]
    left.getText('body').insert(0, 'hello')
    const update = encodeBase64(Y.encodeStateAsUpdate(left))
    const made = change(one, [
      { path: '/visits', kind: 'g-counter', state: { [one.id]: 2 } },
      likes(one, 5),
      { path: '/tags', kind: 'or-set', add: [{ value: 'a', dot: `${one.id}:1` }], remove: [] },
      { path: '/status', kind: 'lww-register', value: 'new', hlc: stampOf(one, Date.now() - 5_000) },
      { path: '/body', kind: 'text', update },
    ])
    const [created] = (await one.pushed([made])).results
    expect(created).toMatchObject({ status: 'applied' })
    const { recordId } = made
    Y.applyUpdate(right, Buffer.from(update, 'base64'))
    const before = Y.encodeStateVector(right)
    right.getText('body').insert(5, ' world')
    const [joined] = (
      await two.pushed([
        change(
          two,
          [
            { path: '/visits', kind: 'g-counter', state: { [two.id]: 1 } },
            { path: '/likes', kind: 'pn-counter', state: { p: {}, n: { [two.id]: 7 } } },
            {
              path: '/tags',
              kind: 'or-set',
              add: [{ value: 'b', dot: `${two.id}:1` }],
              remove: [`${one.id}:1`],
            },
            { path: '/status', kind: 'lww-register', value: 'seen', hlc: stampOf(two, Date.now()) },
            { path: '/body', kind: 'text', update: encodeBase64(Y.encodeStateAsUpdate(right, before)) },
          ],
          { recordId },
        ),
      ])
    ).results
    const data = { visits: 3, likes: -2, tags: ['b'], status: 'seen', body: 'hello world' }
    expect(joined).toMatchObject({ status: 'applied', record: { data } })
    const { changes } = await one.pulled()
    const pulled = changes.find((record) => record.recordId === recordId)
    expect(pulled?.data).toEqual(data)
    expect(Object.keys(pulled?.crdt ?? {}).sort()).toEqual(['/body', '/likes', '/status', '/tags', '/visits'])
    expect(pulled?.crdt?.['/visits']).toEqual({ kind: 'g-counter', state: { [one.id]: 2, [two.id]: 1 } })
    const body = pulled?.crdt?.['/body']
    const fresh = new Y.Doc()
    Y.applyUpdate(fresh, Buffer.from(body?.kind === 'text' ? body.update : '', 'base64'))
    expect(fresh.getText('body').toString()).toBe('hello world')
  })

  it('[CS4] the same delta under another id, and an older total, change nothing', async () => {
    const made = change(one, [likes(one, 3)])
    const { recordId } = made
    await one.pushed([made])
    const again = await one.pushed([
      change(one, [likes(one, 3)], { recordId, after: made.id }),
      change(one, [likes(one, 1)], { recordId, after: made.id }),
    ])
    expect(again.results.map(({ status }) => status)).toEqual(['applied', 'applied'])
    const record = (await one.pulled()).changes.find((row) => row.recordId === recordId)
    expect(record?.data).toEqual({ likes: 3 })
  })

  it('[CS4] a put is the difference from its base; without its base it is a dead letter `underivable`', async () => {
    const made = one.mutation({ collection: 'posts', op: { type: 'put', data: { title: 'x', likes: 4 } } })
    const { recordId } = made
    const baseVersion = (await one.pushed([made])).head['posts'] as number
    const at = { collection: 'posts', recordId, baseVersion }
    await two.pushed([change(two, [likes(two, 2)], at)])
    const put = one.mutation({ ...at, op: { type: 'put', data: { title: 'x', likes: 7 } } })
    expect((await one.pushed([put])).results).toMatchObject([
      { status: 'applied', record: { data: { title: 'x', likes: 9 } } },
    ])
    const blind = one.mutation({ ...at, baseVersion: 999, op: { type: 'patch', set: { likes: 7 } } })
    expect((await one.pushed([blind])).results).toMatchObject([
      { status: 'dead_lettered', code: 'underivable' },
    ])
  })

  it('[PU2] [check 25a] other devices’ names, clocks ahead and unknown fields refuse that mutation only', async () => {
    const good = change(one, [likes(one, 1)])
    const ahead = stampOf(one, Date.now() + 6 * 60_000)
    const { results } = await one.pushed([
      change(one, [likes(two, 1)]),
      change(one, [{ path: '/t', kind: 'or-set', add: [{ value: 1, dot: `${two.id}:1` }] }]),
      change(one, [{ path: '/r', kind: 'lww-register', value: 1, hlc: ahead }]),
      change(one, [Object.assign(likes(one, 1), { note: 'x' })]),
      good,
    ])
    expect(results).toMatchObject([
      { status: 'refused', code: 'foreign_actor' },
      { status: 'refused', code: 'foreign_actor' },
      { status: 'refused', code: 'clock_out_of_bounds' },
      { status: 'refused', code: 'unknown_field' },
      { id: good.id, status: 'applied' },
    ])
  })

  it('[CS9] an edit wins over a delete, and the row tells of it', async () => {
    const made = change(one, [likes(one, 1)])
    const { recordId } = made
    const baseVersion = (await one.pushed([made])).head['boards'] as number
    const at = { collection: 'boards', recordId, baseVersion }
    await two.pushed([two.mutation({ ...at, op: { type: 'delete' } })])
    const gone = (await one.pulled()).changes.find((row) => row.recordId === recordId)
    expect(gone).toMatchObject({ deleted: true, data: null })
    expect(gone).not.toHaveProperty('crdt')
    const { results } = await one.pushed([change(one, [likes(one, 2)], { recordId, baseVersion })])
    expect(results).toMatchObject([
      { status: 'merged', record: { deleted: false, data: { likes: 2 } }, resolution: { outcome: 'local' } },
    ])
  })

  it('[CS4] two writers under one Yjs number: the later one is a dead letter, and neither is lost', async () => {
    const typed = (text: string): CrdtChange => {
      const doc = Object.assign(new Y.Doc(), { clientID: 7 })
      doc.getText('body').insert(0, text)
      return { path: '/body', kind: 'text', update: encodeBase64(Y.encodeStateAsUpdate(doc)) }
    }
    const made = change(one, [typed('one’s')])
    const { recordId } = made
    await one.pushed([made])
    const { results } = await two.pushed([
      change(two, [typed('two’s')], { recordId }),
      change(two, [typed('one’s')], { recordId }),
    ])
    expect(results).toMatchObject([
      { status: 'dead_lettered', code: 'schema_mismatch', detail: expect.stringContaining('client_reused') },
      { status: 'applied', record: { data: { body: 'one’s' } } },
    ])
  })

  it('[CS4] hostile changes answer 200 with a dead letter, or 400, and never 500', async () => {
    const paths = ['/__proto__/x', '/constructor/prototype/y', '/a/b/c/d/e', '/~01~10', '/']
    const odd = paths.map((path) => change(one, [{ path, kind: 'g-counter', state: { [one.id]: 1 } }]))
    const bad: CrdtChange[] = [
      { path: '/a', kind: 'g-counter', state: { [one.id]: -1 } },
      { path: '/a', kind: 'g-counter', state: { [one.id]: 1e300 } },
      { path: '/a', kind: 'or-set', add: [{ value: 1, dot: `${one.id}:1e3` }] },
      { path: '/a', kind: 'text', update: 'AAAAAAAAA' },
      { path: '/a', kind: 'text', update: '////////////' },
      { path: 'a', kind: 'text', update: 'AAA=' },
    ]
    const { results } = await one.pushed([...odd, ...bad.map((each) => change(one, [each]))])
    expect(results.map(({ status }) => status)).toEqual([
      ...odd.map(() => 'applied'),
      ...bad.map(() => 'dead_lettered'),
    ])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
    for (const changes of [[], [{ path: '/a', kind: 'map' }], [{ kind: 'text', update: '' }], 7]) {
      const mutation = { ...one.mutation({ collection: 'boards' }), op: { type: 'crdt', changes } }
      expect((await one.push(one.pushBody([mutation]))).status).toBe(400)
    }
  })

  it('[ID1] a repeat tells the first result, its record included', async () => {
    const made = change(one, [likes(one, 1)])
    const { recordId } = made
    await one.pushed([made])
    const join = change(two, [likes(two, 1)], { recordId })
    const [first] = (await two.pushed([join])).results
    expect(first).toMatchObject({ status: 'applied', record: { data: { likes: 2 } } })
    const { results } = await two.pushed([join], { requestId: newUuid() })
    expect(results).toEqual([{ id: join.id, status: 'duplicate', original: first }])
  })
})
