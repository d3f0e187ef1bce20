import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { systemClock } from '#lib/client/clock.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { cases } from '#tests/support/cases.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'

const CRDTS = { name: 'boards', strategy: 'crdt', schema: true }
const ROUNDS = 3

interface Step {
  readonly who: number
  /** Where, in thousandths of the text; null: a sync. */
  readonly at: number | null
}
const steps = fc.array(
  fc.record({ who: fc.nat(2), at: fc.option(fc.nat(1_000), { freq: 3 }) }) satisfies fc.Arbitrary<Step>,
  { minLength: 2, maxLength: 12 },
)

interface Plan {
  readonly devices: number
  readonly isTyped: boolean
  readonly isOffline: boolean
  readonly cel: readonly string[]
  readonly steps: readonly Step[]
}
const plan: fc.Arbitrary<Plan> = fc.record({
  devices: fc.integer({ min: 2, max: 3 }),
  isTyped: fc.boolean(),
  /** The last one reads what was published, and syncs again at the end only. */
  isOffline: fc.boolean(),
  cel: fc.array(fc.constantFrom('value + "?"', '"[" + value', '"<" + value + ">"', '"anew"'), {
    minLength: 1,
    maxLength: 3,
  }),
  steps,
})

/** Types with each step a text of its own; gives all that was typed. */
async function type(replicas: readonly Replica[], id: string, plan: Plan, tag: string): Promise<string[]> {
  const typed: string[] = []
  for (const [n, { who, at }] of plan.steps.entries()) {
    const by = who % replicas.length
    const replica = replicas[by] as Replica
    if (at === null && plan.isOffline && by === replicas.length - 1) continue
    if (at === null) {
      await replica.sync()
      continue
    }
    const text = replica.collection('boards').text(id, 'body')
    const seen = await text.value()
    // Between two texts that were typed, so that each can be found again.
    const index = Math.floor((seen.length * at) / 1_000)
    const place = Math.max(seen.lastIndexOf('{', index), 0)
    const mark = `{${tag}${n}}`
    typed.push(mark)
    await text.insert(place, mark)
  }
  return typed
}

async function run(plan: Plan): Promise<void> {
  let nowMs = 1_800_000_000_000
  const app = testApp(openMemoryStorage(), undefined, { now: () => nowMs })
  const { fleetId, key } = await testFleet(app)
  const { id: collectionId } = await createCollection(app.ctx, { actor: SYSTEM, fleetId, body: CRDTS })
  const open = (): Promise<Replica> =>
    openReplica({
      url: 'http://tidemark.test',
      enrollmentKey: key,
      device: { name: 'types', platform: 'ios', appVersion: '1.0.0' },
      store: openMemoryStore(),
      clock: { ...systemClock, now: () => nowMs },
      fetch: async (input, init) => {
        const response = await app.router.handle(new Request(String(input), init))
        if (!response) throw new Error(`no route for ${String(input)}`)
        return response
      },
      sync: { auto: false },
    })
  const replicas: Replica[] = []
  for (let n = 0; n < plan.devices; n++) replicas.push(await open())
  const syncAll = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++)
      for (const replica of replicas) {
        nowMs += 10_000
        expect(await replica.sync()).toMatchObject({ problem: null })
      }
  }
  const [first] = replicas as [Replica]
  await syncAll(1)
  const { recordId } = await first.collection('boards').put(null, { body: 'hi' })
  await syncAll(ROUNDS)
  const before = plan.isTyped
    ? await type(replicas, recordId, { ...plan, isOffline: false }, 'old')
    : ([] as string[])
  await syncAll(ROUNDS)
  const ops = plan.cel.map((cel) => ({ op: 'cel', path: '/body', cel }))
  const body = { schema: {}, upMigrations: [{ from: 1, to: 2, ops }], version: 1 }
  await publishCollection(app.ctx, { actor: SYSTEM, fleetId, id: collectionId, body })
  await syncAll(ROUNDS)
  const typed = await type(replicas, recordId, plan, 'new')
  await syncAll(ROUNDS)

  const kept = plan.cel.includes('"anew"') ? typed : [...before, ...typed]
  const fresh = await open()
  await fresh.sync()
  const texts: string[] = []
  for (const replica of [...replicas, fresh]) {
    texts.push(await replica.collection('boards').text(recordId, 'body').value())
    expect(replica.deadLetters$.get()).toEqual([])
    await replica.close()
  }
  expect(new Set(texts).size).toBe(1)
  expect(kept.filter((mark) => !texts[0]?.includes(mark))).toEqual([])
}

describe('a text that an up-migration computes', () => {
  it('[DL5] keeps what everybody types in it after that, whoever was offline', async () => {
    await fc.assert(fc.asyncProperty(plan, run), { numRuns: cases(25) })
  })
})
