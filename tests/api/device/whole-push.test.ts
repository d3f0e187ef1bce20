import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MUTATION_BYTES_MAX } from '#lib/protocol/limits.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { sessionsOfDevice } from '#tests/support/sessions-of.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const codeOf = async (response: Response) => [response.status, (await bodyOf(response))['code']]

describe('a push that is refused as a whole, over HTTP and PostgreSQL', () => {
  it('[SM6] the SDK halves it until the culprit stands alone, sets it aside and reports it; the rest arrives', async () => {
    const replica = await world.replica()
    await replica.sync()
    const good: string[] = []
    let culprit = ''
    for (let n = 0; n < 12; n++) {
      if (n !== 5) good.push((await replica.collection('notes').put(null, { title: `n${n}` })).recordId)
      // No name that the contract allows: the server refuses the whole body with 400.
      else culprit = (await replica.collection('x'.repeat(70)).put(null, {}, { validate: false })).mutationId
    }
    expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 1 })
    expect(replica.refusals$.get().map(({ mutation, code }) => [mutation.id, code])).toEqual([
      [culprit, 'bad_request'],
    ])
    for (const id of good)
      expect(await world.storage.sync.getRecord(world.fleet.fleetId, 'notes', id)).not.toBeNull()
    const filter = sessionsOfDevice(replica.deviceId)
    const page = await world.storage.sessions.list(world.fleet.fleetId, filter, { limit: 9, cursor: null })
    const told = page.items.flatMap(({ localRefusals }) => localRefusals ?? [])
    expect(told.map(({ mutationId, code }) => [mutationId, code])).toEqual([[culprit, 'bad_request']])
    await replica.close()
  })

  it('[SM9] halves on a 413 too, also by a proxy that gives no code: what it never lets through alone waits, and the rest arrives', async () => {
    const limit = 3_000
    let refused = 0
    const proxied: typeof fetch = async (input, init) => {
      const isTooLarge = String(input).endsWith('/push') && String(init?.body).length > limit
      refused += isTooLarge ? 1 : 0
      return isTooLarge ? new Response('too large', { status: 413 }) : fetch(input, init)
    }
    const replica = await world.replica({ fetch: proxied })
    await replica.sync()
    const small: string[] = []
    for (let n = 0; n < 20; n++)
      small.push((await replica.collection('notes').put(null, { title: `n${n}` })).recordId)
    const large = await replica.collection('notes').put(null, { title: 'x'.repeat(limit) })
    for (let session = 0; session < 5; session++) await replica.sync()
    const held = { state: 'idle', pending: 1, refused: 0, problem: 'http_413' }
    expect(replica.status$.get()).toMatchObject(held)
    expect(refused).toBeGreaterThan(1)
    expect(await replica.collection('notes').get(large.recordId)).toMatchObject({ pending: 1 })
    expect(replica.refusals$.get()).toEqual([])
    const seen = (id: string) => world.storage.sync.getRecord(world.fleet.fleetId, 'notes', id)
    expect(await seen(large.recordId)).toBeNull()
    for (const id of small) expect(await seen(id)).not.toBeNull()
    await replica.close()
  })

  it('a body over 1 MiB is 413, more than 500 mutations 400, the same request id with others 422', async () => {
    const device = await world.device()
    const big = device.mutation({ op: { type: 'put', data: { title: 'x'.repeat(1_100_000) } } })
    expect(await codeOf(await device.push(device.pushBody([big])))).toEqual([413, 'body_too_large'])
    const many = Array.from({ length: 501 }, () => device.mutation())
    expect(await codeOf(await device.push(device.pushBody(many)))).toEqual([400, 'too_many_mutations'])
    const body = device.pushBody([device.mutation()])
    await device.push(body)
    const other = { ...body, report: device.report(), mutations: [device.mutation()] as never }
    expect(await codeOf(await device.push(other))).toEqual([422, 'request_id_reused'])
  })

  it('[DL1] a mutation over 256 KiB is a dead letter `too_large`; over 512 KiB the SDK refuses it at put', async () => {
    const replica = await world.replica()
    await replica.sync()
    const notes = replica.collection('notes')
    const code = await notes
      .put(null, { title: 'x'.repeat(520 * 1024) })
      .catch((error: unknown) => (error as { code: string }).code)
    expect(code).toBe('too_large')
    const { mutationId } = await notes.put(null, { title: 'x'.repeat(MUTATION_BYTES_MAX) })
    await notes.put(null, { title: 'small' })
    expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
    expect(replica.deadLetters$.get().map(({ code: why, mutation }) => [why, mutation.id])).toEqual([
      ['too_large', mutationId],
    ])
    await replica.close()
  })
})
