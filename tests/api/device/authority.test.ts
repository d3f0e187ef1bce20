import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { getDeadLetter } from '#lib/application/dead-letters/get-dead-letter.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { FAILED_TRIES_MAX } from '#lib/engine/failed-tries.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { Asked, AuthorityServer } from '#tests/support/authority-server.ts'
import { isSignedBy } from '#tests/support/authority-server.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, newUuid, testApp } from '#tests/support/device-world.ts'
import { openAuthorityWorld } from '#tests/support/authority-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

describe.each(STORAGES)('the authority over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let device: TestDevice
  let authority: AuthorityServer
  let secret: string
  let close: () => Promise<void>
  beforeEach(async () => {
    const world = await openAuthorityWorld(await open(), 1_000)
    ;({ held, app, fleet, device, authority, close } = world)
    secret = world.orders.authoritySecret ?? ''
  })
  afterEach(() => close())

  const order = (changes = {}) => device.mutation({ collection: 'orders', ...changes })
  const push = async (...mutations: readonly unknown[]): Promise<readonly MutationResult[]> =>
    (await device.pushed(mutations)).results
  const at = (id: string, body: unknown = {}) => ({ actor: SYSTEM, fleetId: fleet.fleetId, id, body })

  it('[check 40] [AU1] is asked once a push, signed, with the record as it is, and only about its own collection', async () => {
    const first = order()
    expect(await push(first, device.mutation())).toMatchObject([{ status: 'applied' }, { status: 'applied' }])
    await push(order({ recordId: first.recordId, baseVersion: 1 }))
    expect(authority.asked.map(({ body }) => body.mutations.length)).toEqual([1, 1])
    const [one, two] = authority.asked
    if (!one || !two) throw new Error('it was asked twice')
    expect([isSignedBy(secret, one), isSignedBy('another key', one)]).toEqual([true, false])
    expect(one.body).toMatchObject({
      fleet: fleet.fleetId,
      collection: 'orders',
      device: { id: device.id, platform: 'ios', appVersion: '1.2.0' },
      replay: false,
      mutations: [{ id: first.id, recordId: first.recordId, op: first.op, record: null }],
    })
    expect(two.body.mutations[0]?.record).toMatchObject({ version: 1, data: { title: 'a note' } })
  })

  it('[AU1] a refusal is a dead letter with its message, which replays once it is accepted', async () => {
    authority.refuse('the customer is unknown')
    const mutation = order()
    const [result] = await push(mutation)
    expect(result).toMatchObject({
      status: 'dead_lettered',
      code: 'authority_refused',
      detail: 'the customer is unknown',
    })
    const letter = (result as { deadLetterId: string }).deadLetterId
    authority.accept()
    expect((await replay(app.ctx, at(letter))).result).toMatchObject({ id: mutation.id, status: 'applied' })
    expect(authority.asked.at(-1)?.body).toMatchObject({ replay: true, mutations: [{ id: mutation.id }] })
  })

  it('[check 40] [AU1] silence, an error, a redirect and nonsense are `retry`, and the rest of the push goes on', async () => {
    const both =
      (...said: readonly string[]) =>
      ({ body }: Asked) => ({
        body: { decisions: said.flatMap((decision) => body.mutations.map(({ id }) => ({ id, decision }))) },
      })
    const answers = [
      null,
      { status: 500 },
      { status: 302, headers: { location: authority.url } },
      { body: { decisions: [] } },
      { body: 'nonsense' },
      both('refuse', 'accept'),
      both('accept', 'refuse'),
    ]
    for (const answer of answers) {
      authority.answer = (about) => (typeof answer === 'function' ? answer(about) : answer)
      const asked = authority.asked.length
      expect(await push(order(), device.mutation())).toMatchObject([
        { status: 'retry', code: 'authority_unavailable', retryAfterMs: 1_000 },
        { status: 'applied' },
      ])
      expect(authority.asked.length).toBe(asked + 1)
    }
    const atomic = await device.push(device.pushBody([order(), device.mutation()], { atomic: true }))
    expect([atomic.status, await atomic.json()]).toMatchObject([
      409,
      { code: 'atomic_aborted', results: [{ status: 'retry' }, { status: 'not_applied' }] },
    ])
  })

  it('[AU1] the same decision twice is one', async () => {
    authority.answer = ({ body }) => ({
      body: {
        decisions: [...body.mutations, ...body.mutations].map(({ id }) => ({ id, decision: 'accept' })),
      },
    })
    expect(await push(order())).toMatchObject([{ status: 'applied' }])
  })

  it('[AT1] an aborted push is told when to come back where all its culprits can wait', async () => {
    authority.answer = () => ({ status: 500 })
    const invalid = device.mutation({ op: { type: 'put', data: { title: 7 } } })
    const atomic = async (...mutations: readonly unknown[]) => {
      const answer = await device.push(device.pushBody(mutations as never, { atomic: true }))
      return [answer.status, answer.headers.get('retry-after')]
    }
    expect(await atomic(order(), device.mutation())).toEqual([409, '1'])
    expect(await atomic(order(), invalid)).toEqual([409, null])
  })

  it('[AU1][ID1] what had its effect is not asked about again', async () => {
    const [done, fresh] = [order(), order()]
    await push(done)
    authority.asked.length = 0
    expect(await push(done, fresh)).toMatchObject([{ status: 'duplicate' }, { status: 'applied' }])
    expect(await push(done, fresh)).toMatchObject([{ status: 'duplicate' }, { status: 'duplicate' }])
    expect(authority.asked.map(({ body }) => body.mutations.map(({ id }) => id))).toEqual([[fresh.id]])
  })

  it('[AU2] is asked again when the record changes meanwhile: three times in all, then `contention`', async () => {
    const other = await TestDevice.enroll(await held.served(testApp(held.storage)), fleet)
    const deviceOf = ({ body }: Asked): string => (body.device as { id: string }).id
    const pushWhileOthersChange = async (most: number) => {
      const made = order()
      await push(made)
      authority.asked.length = 0
      let version = 1
      authority.answer = async (asked) => {
        if (deviceOf(asked) === device.id && version <= most) {
          const { recordId } = made
          await other.pushed([other.mutation({ collection: 'orders', recordId, baseVersion: version })])
          version += 1
        }
        return { body: { decisions: asked.body.mutations.map(({ id }) => ({ id, decision: 'accept' })) } }
      }
      // A later stamp than the other's, so that it would be written.
      const hlc = formatHlc({ wallMs: Date.now() + 60_000, counter: 0, deviceId: device.id })
      const op = { type: 'put', data: { title: 'mine' } }
      const results = await push(order({ recordId: made.recordId, baseVersion: 1, hlc, op }))
      return { results, asked: authority.asked.filter((one) => deviceOf(one) === device.id).length }
    }
    expect(await pushWhileOthersChange(2)).toMatchObject({ results: [{ status: 'merged' }], asked: 3 })
    const contended = { status: 'retry', code: 'contention', retryAfterMs: 1_000 }
    expect(await pushWhileOthersChange(99)).toMatchObject({ results: [contended], asked: 3 })
  })

  it('[DL4] twenty failures under one id make a dead letter, over two processes too; it can be replayed', async () => {
    authority.answer = () => ({ status: 503 })
    const mutation = order()
    const child = order({ recordId: mutation.recordId, after: mutation.id })
    const apps = [app, await held.served(testApp(await held.another()))]
    const results: MutationResult[][] = []
    for (let n = 0; n < FAILED_TRIES_MAX; n++) {
      const at = device.at(apps[n % 2] as TestApp)
      const report = { ...at.report(), seq: n + 1 }
      const answer = await at.pushed([mutation, child], { report })
      results.push([...answer.results])
    }
    expect(results.slice(0, -1).every(([own]) => own?.status === 'retry')).toBe(true)
    expect(results.map(([own]) => (own?.status === 'retry' ? own.retryAfterMs : 0)).slice(0, 3)).toEqual([
      1_000, 2_000, 4_000,
    ])
    expect(results.at(-1)).toMatchObject([
      {
        code: 'exhausted',
        detail: expect.stringMatching(/^tried 20 times: the authority answered 503/) as string,
      },
      { code: 'parent_dead_lettered' },
    ])
    authority.accept()
    const [exhausted] = results.at(-1) ?? []
    const letter = (exhausted as { deadLetterId: string }).deadLetterId
    const { result, held: along } = await replay(app.ctx, at(letter))
    expect([result, ...along]).toMatchObject([{ status: 'applied' }, { status: 'applied' }])
  })

  it('[DL4] an effect ends the count; a replay that fails for the moment leaves the letter open', async () => {
    authority.answer = () => ({ status: 503 })
    const mutation = order()
    await push(mutation)
    authority.refuse('no')
    const [refused] = await push(mutation)
    const letter = (refused as { deadLetterId: string }).deadLetterId
    authority.answer = () => ({ status: 503 })
    expect((await replay(app.ctx, at(letter))).result).toMatchObject({ status: 'retry' })
    expect((await getDeadLetter(app.ctx, at(letter))).letter).toMatchObject({ status: 'open', attempts: 0 })
    const known = await held.storage.sync.transact(fleet.fleetId, (tx) =>
      tx.load({
        streams: ['orders'],
        deviceIds: [],
        requests: [],
        records: [],
        bases: [],
        mutationIds: [],
        conflictIds: [],
        otReads: [],
        triesOf: [mutation.id, newUuid()],
        linksOf: [],
      }),
    )
    expect([...known.failedTries]).toEqual([])
  })

  it('a process that does not know of the authority yet asks it all the same', async () => {
    const other = await held.served(testApp(await held.another()))
    expect((await device.at(other).pushed([order()])).results).toMatchObject([{ status: 'applied' }])
    expect(authority.asked).toHaveLength(1)
  })

  it('[BR5] failures open its own breaker: its mutations are shed, uncounted, and the others go on', async () => {
    authority.answer = () => ({ status: 500 })
    let shed: MutationResult | undefined
    for (let n = 0; n < 60 && shed?.status !== 'shed'; n++) [shed] = await push(order(), device.mutation())
    expect(shed).toMatchObject({ status: 'shed' })
    const asked = authority.asked.length
    const [own, note] = await push(order(), device.mutation())
    expect([own?.status, note?.status]).toEqual(['shed', 'applied'])
    expect(authority.asked.length).toBe(asked)
  })
})
