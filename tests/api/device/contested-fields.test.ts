import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { friction } from '#lib/application/pillars/friction.ts'
import { foldFleet } from '#lib/application/telemetry/fold-events.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { PushResponse } from '#lib/protocol/push.ts'
import type { ConflictHeat } from '#lib/telemetry/conflict-heat.ts'
import type { CollectionFriction } from '#lib/telemetry/friction.ts'
import { deviceHttp, type DeviceHttp } from '#tests/support/device-http.ts'
import type { TestDevice, TestFleet } from '#tests/support/device-world.ts'

const collection = 'visits'
const CONTESTED = 24
const SCHEMA: JsonObject = {
  'x-tidemark-screen': 'Visit form',
  properties: { title: { title: 'Headline', type: 'string' }, note: { type: 'string' } },
}

let world: DeviceHttp
let fleet: TestFleet
beforeAll(async () => {
  world = await deviceHttp()
  fleet = await world.fleetWith({})
  const { fleetId } = fleet
  for (const [name, schema] of [
    [collection, SCHEMA],
    ['calm', {}],
  ] as const)
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body: { name, strategy: 'lww', schema } })
})
afterAll(() => world.close())

const pushed = async (device: TestDevice, version: string, mutations: readonly unknown[]) => {
  const headers = { 'tidemark-app': `${version};ios` }
  const answer = await device.send('POST', '/api/v1/push', { body: device.pushBody(mutations), headers })
  return (await answer.json()) as PushResponse
}
const put = (data: JsonObject) => ({ type: 'put' as const, data })
const patch = (set: JsonObject) => ({ type: 'patch' as const, set })

async function read<T>(path: string): Promise<T> {
  const answer = await world.admin('GET', path, undefined, 'viewer')
  expect(answer.status).toBe(200)
  return (await answer.json()) as T
}
async function folded(): Promise<void> {
  // Not by a leader: its other tasks write beside it, and what is committed behind them waits for its next turn.
  while ((await foldFleet(world.app.ctx, fleet.fleetId)).more);
}

describe('contested fields and friction, over HTTP and PostgreSQL', () => {
  it('[FR1] [FR2] [FR3] two devices at one field: it is named with its screen, its versions and who met whom', async () => {
    const [one, two] = [await world.device(fleet), await world.device(fleet)]
    const records = Array.from({ length: CONTESTED + 1 }, () =>
      one.mutation({ collection, op: put({ title: 'a', note: '' }) }),
    )
    const first = await pushed(one, '1.0.0', records)
    const change = (device: TestDevice, at: number, set: JsonObject) => {
      const { recordId, id } = records[at] as (typeof records)[number]
      const made = first.results.find((result) => result.id === id)
      const baseVersion = made?.status === 'applied' ? made.version : 0
      return device.mutation({ collection, recordId, baseVersion, op: patch(set) })
    }
    const all = records.map((_, at) => at)
    // The last one is contested over another field.
    const fieldAt = (at: number) => (at === CONTESTED ? 'note' : 'title')
    await pushed(
      two,
      '2.0.0',
      all.map((at) => change(two, at, { [fieldAt(at)]: 'two' })),
    )
    await pushed(
      one,
      '1.0.0',
      all.map((at) => change(one, at, { [fieldAt(at)]: 'one' })),
    )
    await pushed(
      one,
      '1.0.0',
      Array.from({ length: 20 }, () => one.mutation({ collection: 'calm', op: put({}) })),
    )
    await folded()

    const query = `?fleet=${fleet.fleetId}&from=${Date.now() - 3_600_000}&to=${Date.now() + 3_600_000}`
    const heat = await read<ConflictHeat>(`/pillars/conflicts/fields${query}`)
    expect(heat.rows).toEqual([
      { collection, place: '/title', count: CONTESTED, share: CONTESTED / (CONTESTED + 1) },
      { collection, place: '/note', count: 1, share: 1 / (CONTESTED + 1) },
    ])
    const inColumns = heat.columns.reduce((sum, { counts }) => sum + (counts?.[0] ?? 0), 0)
    expect(inColumns, 'each conflict stands in one column').toBe(CONTESTED)

    const { collections } = await read<{ collections: readonly CollectionFriction[] }>(
      `/pillars/conflicts/friction${query}`,
    )
    expect(collections.map(({ collection: name, verdict }) => [name, verdict])).toEqual([
      [collection, 'friction'],
      ['calm', 'calm'],
    ])
    expect(collections[0]).toMatchObject({
      changes: { part: CONTESTED + 1, whole: 3 * (CONTESTED + 1) },
      limit: 0.1,
      cause: {
        place: '/title',
        count: CONTESTED,
        screen: 'Visit form',
        title: 'Headline',
        pair: { appVersion: '1.0.0', remoteAppVersion: '2.0.0', count: CONTESTED, of: CONTESTED },
        writers: { devices: CONTESTED, sameDevice: 0, desk: 0, unknown: 0 },
      },
    })
    const own = { fleetId: fleet.fleetId, fromMs: heat.fromMs, toMs: heat.toMs }
    const short = await friction(world.app.ctx, own, heat, false)
    expect(short.collections[0]?.cause, 'the conflicts are not asked').toMatchObject({
      place: '/title',
      screen: 'Visit form',
      pair: null,
      writers: null,
    })
    const ofCalm = await read<ConflictHeat>(`/pillars/conflicts/fields${query}&collection=calm`)
    expect([ofCalm.rows, ofCalm.fields]).toEqual([[], 0])
  })

  it('[FR3] what was met at the desk is told apart, and a part that conflicts are not told by stays unknown', async () => {
    const query = `?fleet=${fleet.fleetId}&from=${Date.now() - 3_600_000}&to=${Date.now() + 3_600_000}`
    const list = await read<{ items: { id: string; recordId: string; remoteVersion: number }[] }>(
      `/conflicts?fleet=${fleet.fleetId}&limit=1`,
    )
    const [conflict] = list.items
    if (conflict === undefined) throw new Error('there is a conflict')
    const { record } = await read<{ record: { version: number } }>(
      `/conflicts/${conflict.id}?fleet=${fleet.fleetId}`,
    )
    const decided = await world.admin('POST', `/conflicts/${conflict.id}/resolve?fleet=${fleet.fleetId}`, {
      choice: 'restore',
      side: 'theirs',
      reason: 'the first title was right',
      version: record.version,
    })
    expect(decided.status, await decided.clone().text()).toBe(200)
    const late = await world.device(fleet)
    const hlc = formatHlc({ wallMs: Date.now() + 1_000, counter: 0, deviceId: late.id })
    const { recordId } = conflict
    await pushed(late, '1.0.0', [
      late.mutation({ collection, recordId, hlc, baseVersion: record.version, op: patch({ title: 'late' }) }),
    ])
    await folded()
    const causeIn = async (more = '') => {
      const { collections } = await read<{ collections: readonly CollectionFriction[] }>(
        `/pillars/conflicts/friction${query}${more}`,
      )
      return collections[0]?.cause
    }
    expect((await causeIn())?.writers).toMatchObject({ devices: CONTESTED, desk: 1 })
    expect(await causeIn('&platform=ios')).toMatchObject({ place: '/title', pair: null, writers: null })
    expect((await causeIn('&appVersion=1.0.0'))?.pair).toMatchObject({ appVersion: '1.0.0' })
  })

  it('[FR2] a limit of the collection’s own decides, and few changes say nothing', async () => {
    const list = await read<{ items: { id: string; name: string; version: number }[] }>(
      `/collections?fleet=${fleet.fleetId}`,
    )
    const own = list.items.find(({ name }) => name === collection)
    const changed = await world.admin(
      'PATCH',
      `/collections/${own?.id}?fleet=${fleet.fleetId}`,
      {
        version: own?.version,
        thresholds: { conflictWarn: 0.5, conflictFriction: 0.9 },
      },
      'admin',
    )
    expect(changed.status, await changed.clone().text()).toBe(200)
    const range = `&from=${Date.now() - 3_600_000}&to=${Date.now() + 3_600_000}`
    const { collections } = await read<{ collections: readonly CollectionFriction[] }>(
      `/pillars/conflicts/friction?fleet=${fleet.fleetId}${range}`,
    )
    const of = collections.find((one) => one.collection === collection)
    expect(of).toMatchObject({ verdict: 'calm', limit: 0.9, cause: null })
    const bad = await world.admin(
      'GET',
      `/pillars/conflicts/fields?fleet=${fleet.fleetId}&step=5`,
      undefined,
      'viewer',
    )
    expect(bad.status).toBe(400)
  })
})
