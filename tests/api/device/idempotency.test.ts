import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, bodyOf, newUuid, send, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

describe.each(STORAGES)('idempotency over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let other: TestApp
  let fleet: TestFleet
  beforeAll(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    other = await held.served(testApp(await held.another()))
    fleet = await testFleet(app)
  })
  afterAll(() => held.close())

  const codeOf = async (response: Response) => [response.status, (await bodyOf(response))['code']]

  it('[ID1] answers a repeated request id with the same bytes', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const body = device.pushBody([device.mutation()])
    const first = await (await device.push(body)).text()
    const again = await (await device.push({ ...body, sessionId: newUuid(), report: device.report() })).text()
    expect(again).toBe(first)
  })

  it('[check 33] [ID2] gives twenty concurrent duplicates over two processes one effect and the same bytes', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const twin = device.at(other)
    const before = (await device.pulled()).token
    const body = device.pushBody([device.mutation(), device.mutation()])
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? twin : device).push(body)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1)
    expect((await device.pulled(before)).changes).toHaveLength(2)
  })

  it('[EN1] makes one device of copies of an enrollment that come at once over two processes, though it names no id', async () => {
    const before = await held.storage.devices.countEnrolled(fleet.fleetId)
    const body = { requestId: newUuid(), device: { name: 'tablet', platform: 'ios', appVersion: '1.2.0' } }
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        send(i % 2 ? other : app, 'POST', '/api/v1/enroll', { token: fleet.key, body }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    const told = (await Promise.all(answers.map(bodyOf))) as { deviceId: string; token: string }[]
    expect(new Set(told.map(({ deviceId }) => deviceId)).size).toBe(1)
    for (const { token } of told) expect((await send(app, 'GET', '/api/v1/pull', { token })).status).toBe(200)
    expect(await held.storage.devices.countEnrolled(fleet.fleetId)).toBe(before + 1)
  })

  it('[ID1] answers a mutation id that had an effect as duplicate, with the first result', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const mutation = device.mutation()
    const first = await device.pushed([mutation])
    const again = await device.pushed([{ ...mutation, madeOffsetMs: 5 }])
    expect(again.results).toEqual([{ id: mutation.id, status: 'duplicate', original: first.results[0] }])
    const changed = await device.pushed([{ ...mutation, op: { type: 'put', data: { title: 'another' } } }])
    expect(changed.results).toMatchObject([{ status: 'refused', code: 'mutation_id_reused' }])
  })

  it('refuses a request id that comes back with other mutations', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const body = device.pushBody([device.mutation()])
    await device.push(body)
    const changed = await device.push({ ...body, report: device.report(), mutations: [device.mutation()] })
    expect(await codeOf(changed)).toEqual([422, 'request_id_reused'])
    const atomic = await device.push({ ...body, report: device.report(), atomic: true })
    expect(await codeOf(atomic)).toEqual([422, 'request_id_reused'])
  })

  it('[ID4] knows a repeated request in another spelling, also one of which nothing was remembered', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const used = device.mutation()
    await device.pushed([used])
    const reused = { ...used, op: { type: 'put', data: { title: 'under a used id' } } }
    const mutations = [device.mutation(), reused]
    const body = device.pushBody(mutations as never)
    const first = await (await device.push(body)).text()
    expect(JSON.parse(first)).toMatchObject({
      results: [{ status: 'applied' }, { status: 'refused', code: 'mutation_id_reused' }],
    })
    const backwards = mutations.map((mutation) => Object.fromEntries(Object.entries(mutation).reverse()))
    const again = await device.push({ ...body, report: device.report(), mutations: backwards as never })
    expect(await again.text()).toBe(first)
  })

  it('[ID4] refuses a request id that comes back with the same ids and another payload', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const mutation = device.mutation()
    const body = device.pushBody([mutation])
    await device.push(body)
    const op = { type: 'put', data: { title: 'another' } }
    const changed = await device.push({
      ...body,
      report: device.report(),
      mutations: [{ ...mutation, op }] as never,
    })
    expect(await codeOf(changed)).toEqual([422, 'request_id_reused'])
  })

  it('finds a cloned device by its sequence, but answers its stored response first', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const first = device.pushBody([device.mutation()])
    const stored = await (await device.push(first)).text()
    await device.pushed([device.mutation()])
    expect(await (await device.push(first)).text()).toBe(stored)
    const lower = device.pushBody([device.mutation()], { report: first['report'] as object as never })
    expect(await codeOf(await device.push(lower))).toEqual([409, 'device_forked'])
    const same = device.pushBody([device.mutation()])
    await device.push(same)
    const report = { ...(same['report'] as object), nonce: newUuid() }
    const clone = device.pushBody([device.mutation()], { report: report as never })
    expect(await codeOf(await device.push(clone))).toEqual([409, 'device_forked'])
    expect((await device.send('POST', '/api/v1/heartbeat', { body: { report } })).status).toBe(409)
  })

  it('[FK1] refuses a request id that was used with other mutations, whatever the report says', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const used = device.pushBody([device.mutation()])
    await device.push(used)
    await device.pushed([device.mutation()])
    const older = { ...used, mutations: [device.mutation()] }
    expect(await codeOf(await device.push(older))).toEqual([422, 'request_id_reused'])
    const another = await device.push({ ...older, requestId: newUuid() })
    expect(await codeOf(another)).toEqual([409, 'device_forked'])
  })

  it('refuses a push of another epoch before its stored response', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const body = device.pushBody([device.mutation()])
    const { token } = await device.pulled()
    await device.push(body)
    const audit = {
      id: newUuid(),
      atMs: Date.now(),
      fleetId: fleet.fleetId,
      actor: { kind: 'system', id: 't', name: 't' },
      action: 'x',
      target: 'x',
      reason: null,
      before: null,
      after: null,
      address: null,
      outcome: 'done',
    } as const
    const epoch = await held.storage.fleets.raiseEpoch(fleet.fleetId, audit)
    app.ctx.directory.forget()
    const answer = await device.push(body)
    expect([answer.status, await bodyOf(answer)]).toMatchObject([409, { code: 'epoch_changed', epoch }])
    const pull = await device.send('GET', `/api/v1/pull?${new URLSearchParams({ token })}`)
    expect([pull.status, await bodyOf(pull)]).toMatchObject([410, { code: 'token_expired', resync: 'full' }])
    fleet = await testFleet(app)
  })

  it('leaves an atomic push with a culprit without effect, and stores nothing', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const { token } = await device.pulled()
    const good = device.mutation()
    const bad = device.mutation({ op: { type: 'put', data: { title: 7 } } })
    const body = device.pushBody([good, bad], { atomic: true })
    const answer = await device.push(body)
    expect(answer.status).toBe(409)
    expect(await bodyOf(answer)).toMatchObject({
      code: 'atomic_aborted',
      results: [
        { id: good.id, status: 'not_applied' },
        { id: bad.id, status: 'dead_lettered', code: 'schema_mismatch' },
      ],
    })
    expect((await device.pulled(token)).changes).toEqual([])
    expect(await held.storage.deadLetters.countOpen(fleet.fleetId)).toBe(0)
    const alone = await device.push({ ...body, report: device.report(), mutations: [good] })
    expect(alone.status).toBe(200)
  })
})
