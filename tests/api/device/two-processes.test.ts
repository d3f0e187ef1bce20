import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, newUuid, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const WRITERS = 8
const PUSHES_EACH = 15

describe.each(STORAGES)('two processes over $name', ({ open }) => {
  let held: TestStorage
  let apps: readonly [TestApp, TestApp]
  let fleet: TestFleet
  beforeAll(async () => {
    held = await open()
    apps = [await held.served(testApp(held.storage)), await held.served(testApp(await held.another()))]
    fleet = await testFleet(apps[0])
  })
  afterAll(() => held.close())

  it('[TK2] a puller misses nothing while both take pushes', async () => {
    const [one, two] = apps
    const reader = await TestDevice.enroll(one, fleet)
    const writers: TestDevice[] = []
    for (let i = 0; i < WRITERS; i++) writers.push(await TestDevice.enroll(i % 2 ? one : two, fleet))
    let writing = true
    const seen = new Map<string, number>()
    const order: number[] = []
    const reading = (async () => {
      let token: string | null = null
      for (;;) {
        const last = !writing
        const page = await reader.pulled(token)
        token = page.token
        for (const { recordId, version } of page.changes) {
          seen.set(recordId, version)
          order.push(version)
        }
        if (last && !page.hasMore) return
      }
    })()
    const written = await Promise.all(
      writers.map(async (device) => {
        const made: string[] = []
        for (let n = 0; n < PUSHES_EACH; n++) {
          const mutations = [device.mutation(), device.mutation(), device.mutation()]
          const { results } = await device.pushed(mutations)
          expect(results.every(({ status }) => status === 'applied')).toBe(true)
          made.push(...mutations.map(({ recordId }) => recordId))
        }
        return made
      }),
    )
    writing = false
    await reading
    const all = written.flat()
    expect(all.filter((recordId) => !seen.has(recordId))).toEqual([])
    expect(seen.size).toBe(all.length)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(Math.max(...order)).toBe(all.length)
  })

  it('[TK8] what one process has committed is in the next pull of the other, which had just said that nothing is new', async () => {
    const [one, two] = apps
    const writer = await TestDevice.enroll(one, fleet)
    const reader = await TestDevice.enroll(two, fleet)
    let { token } = await reader.pulled(null)
    for (let round = 0; round < 10; round++) {
      while ((await reader.pulled(token)).changes.length > 0) token = (await reader.pulled(token)).token
      const mutation = writer.mutation()
      await writer.pushed([mutation])
      const page = await reader.pulled(token)
      expect(page.changes.map(({ recordId }) => recordId)).toEqual([mutation.recordId])
      token = page.token
    }
  })

  it('[ID2] the same request at both has one effect and the same bytes', async () => {
    const [one, two] = apps
    const device = await TestDevice.enroll(one, fleet)
    const twin = device.at(two)
    for (let round = 0; round < 20; round++) {
      const body = device.pushBody([device.mutation()])
      const answers = await Promise.all([device.push(body), twin.push(body), twin.push(body)])
      const texts = await Promise.all(answers.map((answer) => answer.text()))
      expect([new Set(texts).size, answers.map(({ status }) => status)]).toEqual([1, [200, 200, 200]])
    }
  })

  it('[ID1] one mutation id of two devices, in two collections, at both at once: one has its effect, the other is refused', async () => {
    const [one, two] = apps
    const body = { name: 'others', strategy: 'lww', schema: { type: 'object' } }
    await createCollection(one.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    const devices = [await TestDevice.enroll(one, fleet), await TestDevice.enroll(two, fleet)]
    for (let round = 0; round < 20; round++) {
      const id = newUuid()
      const answers = await Promise.all(
        devices.map((device, i) =>
          device.pushed([device.mutation({ id, ...(i === 1 && { collection: 'others' }) })]),
        ),
      )
      const results = answers.flatMap((answer) => answer.results)
      expect(results.toSorted((a, b) => (a.status < b.status ? -1 : 1))).toMatchObject([
        { id, status: 'applied' },
        { id, status: 'refused', code: 'mutation_id_reused' },
      ])
    }
  })
})
