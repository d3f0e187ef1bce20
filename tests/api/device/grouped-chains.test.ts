import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { CHAIN_MAX } from '#lib/engine/chain-links.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { PushResponse } from '#lib/protocol/push.ts'
import type { PushPlan, Storage } from '#lib/storage/ports.ts'
import {
  newUuid,
  TestDevice,
  testApp,
  testFleet,
  type TestApp,
  type TestFleet,
} from '#tests/support/device-world.ts'
import { STORAGES, type TestStorage } from '#tests/support/storages.ts'

const PER_PUSH = 100
/** Two of these are more than one chain may be long. */
const HALF = 270
/** Chains of so many links are what one read of PostgreSQL takes; memory has all there are. */
const READ_TAKES = 40

/** A storage whose pushes can be held back, and that tells of how many each of its groups was. */
function watched(inner: Storage) {
  const watch = { gate: Promise.resolve(), groups: [] as number[] }
  const transact: Storage['sync']['transact'] = async (fleetId, work) => {
    await watch.gate
    return inner.sync.transact(fleetId, (tx) => {
      const load = (plan: PushPlan) => {
        watch.groups.push(plan.requests.length)
        return tx.load(plan)
      }
      return work({ ...tx, load })
    })
  }
  return { storage: { ...inner, sync: { ...inner.sync, transact } }, watch }
}

describe.each(STORAGES)('long chains of acknowledged changes over $name', ({ name, open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let other: TestDevice
  let watch: ReturnType<typeof watched>['watch']
  beforeAll(async () => {
    held = await open()
    const { storage, watch: own } = watched(held.storage)
    watch = own
    app = await held.served(testApp(storage))
    fleet = await testFleet(app)
    const body = { name: 'merged', strategy: 'crdt', schema: { type: 'object' } }
    await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    other = await TestDevice.enroll(app, fleet)
  })
  afterAll(() => held.close())

  /** A record with `links` acknowledged changes of `device` in a row, and one of another device that none of them saw. */
  async function chained(device: TestDevice, collection: string, links: number) {
    const first = device.mutation({ collection, op: { type: 'put', data: { title: 'old', count: 0 } } })
    const base = { collection, recordId: first.recordId }
    const { head } = await device.pushed([first])
    const baseVersion = head[collection] as number
    const chain: Mutation[] = []
    for (let count = 1; count <= links; count++) {
      const after = chain.at(-1)?.id
      const op = { type: 'patch', set: { count } } as const
      chain.push(device.mutation({ ...base, baseVersion, op, ...(after !== undefined && { after }) }))
    }
    for (let from = 0; from < links; from += PER_PUSH) await device.pushed(chain.slice(from, from + PER_PUSH))
    const theirs = other.mutation({ ...base, baseVersion, op: { type: 'patch', set: { title: 'theirs' } } })
    await other.pushed([theirs])
    // As a whole, so that only its base says that the title is none of its changes.
    const op = { type: 'put', data: { title: 'old', count: -1 } } as const
    return device.mutation({ ...base, baseVersion, after: chain.at(-1)?.id as string, op })
  }

  const told = async ({ results }: PushResponse, { collection, recordId }: Mutation, i = 0) => {
    const { status, ...result } = results[i] as PushResponse['results'][number]
    const record = await held.storage.sync.getRecord(fleet.fleetId, collection, recordId)
    const resolution = 'resolution' in result ? result.resolution : null
    return { status, code: 'code' in result ? result.code : null, resolution, data: record?.data }
  }

  /** Sends pushes so that they wait together behind another one. */
  async function together(pushes: readonly (() => Promise<PushResponse>)[]): Promise<PushResponse[]> {
    let open = (): void => undefined
    watch.gate = new Promise((resolve) => (open = resolve))
    watch.groups = []
    const { queues } = app.ctx.groupCommit as unknown as { queues: Map<string, unknown[]> }
    const ahead = other.pushed([other.mutation()])
    await vi.waitFor(() => expect(queues.get(fleet.fleetId)).toEqual([]), 10_000)
    const sent = pushes.map((push) => push())
    await vi.waitFor(() => expect(queues.get(fleet.fleetId)).toHaveLength(pushes.length), 10_000)
    open()
    await ahead
    const answers = await Promise.all(sent)
    expect(watch.groups).toEqual([1, pushes.length])
    return answers
  }

  it.each([
    ['notes', HALF],
    ['merged', HALF],
    ['notes', CHAIN_MAX],
    ['merged', CHAIN_MAX],
    ['notes', CHAIN_MAX + 1],
    ['merged', CHAIN_MAX + 1],
  ] as const)(
    '[PU4] [AF2] what goes on from two chains has the results that each has alone: %s, %i links',
    async (collection, links) => {
      const [one, two] = [await TestDevice.enroll(app, fleet), await TestDevice.enroll(app, fleet)]
      const alone = await chained(one, collection, links)
      const single = await told(await one.pushed([alone]), alone)
      if (links <= CHAIN_MAX) expect(single).toMatchObject({ data: { title: 'theirs', count: -1 } })
      else if (collection === 'merged') expect(single).toMatchObject({ code: 'underivable' })
      else expect(single).toMatchObject({ data: { title: 'old', count: -1 } })

      const both = [await chained(one, collection, links), await chained(one, collection, links)] as const
      const answer = await one.pushed(both)
      for (const [i, mutation] of both.entries()) expect(await told(answer, mutation, i)).toEqual(single)

      const [a, b] = [await chained(one, collection, links), await chained(two, collection, links)]
      const answers = await together([() => one.pushed([a]), () => two.pushed([b])])
      for (const [i, mutation] of [a, b].entries())
        expect(await told(answers[i] as PushResponse, mutation)).toEqual(single)
    },
  )

  // Memory has no bound to meet: the longer one alone shows that it takes all at once.
  it.each([
    ...(name === 'PostgreSQL' ? [[READ_TAKES, 1] as const] : []),
    [READ_TAKES + 1, name === 'PostgreSQL' ? 2 : 1] as const,
  ])(
    '[PU7] [AF2] a push of %i long chains is decided in %i goes, each answered alike when it is repeated',
    async (count, goes) => {
      const device = await TestDevice.enroll(app, fleet)
      const chains: Mutation[] = []
      for (let i = 0; i < count; i++) chains.push(await chained(device, 'notes', CHAIN_MAX))
      let left: readonly Mutation[] = chains
      const pushes: number[] = []
      while (left.length > 0) {
        const requestId = newUuid()
        const answer = await device.pushed(left, { requestId })
        expect(await device.pushed(left, { requestId })).toEqual(answer)
        const { results } = answer
        const again = results.findIndex(({ status }) => status === 'retry')
        const decided = again === -1 ? left.length : again
        expect(results.slice(0, decided).every(({ status }) => status === 'merged')).toBe(true)
        for (const result of results.slice(decided)) expect(result).toMatchObject({ code: 'push_full' })
        pushes.push(decided)
        left = left.slice(decided)
      }
      expect(pushes.length).toBe(goes)
      for (const { collection, recordId } of chains) {
        const record = await held.storage.sync.getRecord(fleet.fleetId, collection, recordId)
        expect(record?.data).toMatchObject({ title: 'theirs', count: -1 })
      }
    },
  )
})
