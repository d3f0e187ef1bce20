import { beforeEach, describe, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { appScope, fleetScope } from '#lib/application/breakers/scopes.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { createRouter } from '#lib/http/router.ts'
import { TestDevice } from '#tests/support/device-world.ts'
import { type OperatorWorld, operatorWorld } from '#tests/support/operator-world.ts'

const REASON = 'schema bug in 2.4.1, held until 2.4.2'
const HOUR_MS = 3_600_000

let world: OperatorWorld
let roles: Record<'viewer' | 'operator' | 'second' | 'admin', { authorization: string }>

beforeEach(async () => {
  world = await operatorWorld()
  const [viewer, operator, second, admin] = [
    await world.keyFor('viewer'),
    await world.keyFor('operator'),
    await world.keyFor('operator'),
    await world.keyFor('admin'),
  ]
  roles = { viewer, operator, second, admin }
  const body = { name: 'notes', strategy: 'lww', schema: { type: 'object' } }
  await createCollection(world.ctx, { actor: SYSTEM, fleetId: world.fleet, body })
})

/** What a breaker, what was said of it, or a refusal answers, as far as these tests look. */
interface Told {
  readonly code: string
  readonly version: number
  readonly overrides: readonly {
    readonly id: string
    readonly approval: object | null
    readonly startsAtMs: number
    readonly expiresAtMs: number
  }[]
  readonly history: readonly { readonly action: string }[]
  readonly changes: readonly { readonly trip: { readonly bad: readonly object[] } | null }[]
  readonly settings: { readonly callsMin: number }
  readonly overruledBy: string | null
  readonly secondPersonFor: readonly string[]
}

interface Shown {
  readonly status: number
  readonly body: Told
}

async function ask(
  method: string,
  scope: string,
  path: string,
  body: object | null = null,
  as: keyof typeof roles = 'operator',
): Promise<Shown> {
  const response = await world.admin(`/breakers/${encodeURIComponent(scope)}${path}?fleet=${world.fleet}`, {
    method,
    headers: { ...roles[as], 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Told }
}
const force = (scope: string, body: object, as: keyof typeof roles = 'operator') =>
  ask('POST', scope, '/override', { reason: REASON, version: 0, ...body }, as)
/** What the overview tells of breakers. */
const onOverview = async () => {
  const answer = await world.admin(`/overview?fleet=${world.fleet}`, { headers: roles.viewer })
  return ((await answer.json()) as { breakers: object }).breakers
}
const stateOf = (scope: string) => world.ctx.breakers.list((one) => one === scope)[0]?.state ?? 'closed'
const fleet = () => fleetScope(world.fleet)

describe('[BR4] an override', () => {
  test('forces open at once, for an hour unless said otherwise, and ends through a trial', async () => {
    const app = appScope(world.fleet, '2.4.1')
    const made = await force(app, { kind: 'forced_open' })
    expect([made.status, made.body.version, stateOf(app)]).toEqual([201, 1, 'forced_open'])
    const [override] = made.body.overrides
    expect((override?.expiresAtMs ?? 0) - (override?.startsAtMs ?? 0)).toBe(HOUR_MS)
    const shown = await ask('GET', app, '', null, 'viewer')
    expect(shown.body).toMatchObject({
      state: 'forced_open',
      version: 1,
      overrides: [{ phase: 'active', reason: REASON, by: { name: 'operator' } }],
      processes: [{ standing: 'applied', state: 'forced_open' }],
      history: [{ action: 'breaker.forced_open', reason: REASON }],
    })
    const notClosed = { scope: app, appVersion: '2.4.1', state: 'forced_open', isShut: true }
    const held = { by: 'operator', reason: REASON, endsAtMs: override?.expiresAtMs }
    expect(await onOverview()).toMatchObject({ total: 4, shutOut: 0, notClosed: [{ ...notClosed, held }] })
    const released = await ask('DELETE', app, '/override', { reason: 'the fix is out now', version: 1 })
    expect([released.status, stateOf(app)]).toEqual([200, 'half_open'])
    expect(await onOverview()).toMatchObject({ notClosed: [{ scope: app, state: 'half_open', held: null }] })
  })

  test('ends by the clock of the process, through a trial, and starts when it is scheduled', async () => {
    const at = (ms: number): string => new Date(world.clock.now() + ms).toISOString()
    const asked = { kind: 'metrics_only', startsAt: at(10_000), expiresAt: at(20_000) }
    await force(fleet(), asked)
    expect(stateOf(fleet())).toBe('closed')
    for (const [ms, state] of [
      [9_999, 'closed'],
      [1, 'metrics_only'],
      [9_999, 'metrics_only'],
      [1, 'half_open'],
    ] as const) {
      world.clock.advance(ms)
      await world.ctx.overrides.look()
      expect(stateOf(fleet())).toBe(state)
    }
  })

  test('forced closed waits for a second person, and whoever asked is not one; what holds meanwhile holds on', async () => {
    await force(fleet(), { kind: 'forced_open' })
    const asked = await force(fleet(), { kind: 'forced_closed', version: 1 })
    expect([asked.status, stateOf(fleet())]).toEqual([201, 'forced_open'])
    const waiting = asked.body.overrides.find((one) => one.approval)
    const approve = (as: keyof typeof roles, version = 2) =>
      ask('POST', fleet(), '/override/approve', { id: waiting?.id, version }, as)
    expect((await approve('operator')).body.code).toBe('second_person_needed')
    expect((await approve('viewer')).status).toBe(403)
    expect((await approve('second', 1)).body).toMatchObject({ code: 'stale_version', version: 2 })
    const agreed = await approve('second')
    expect([agreed.status, stateOf(fleet())]).toEqual([200, 'forced_closed'])
    expect(agreed.body.overrides).toMatchObject([
      { kind: 'forced_closed', approval: { by: { name: 'operator' } } },
    ])
  })

  test('a fleet says above how many devices it needs a second person', async () => {
    const fleetPatch = await world.admin(`/fleets/${world.fleet}`, {
      method: 'PATCH',
      headers: { ...roles.admin, 'content-type': 'application/json' },
      body: JSON.stringify({ settings: { secondPersonAbove: 0 } }),
    })
    expect(fleetPatch.status, await fleetPatch.text()).toBe(200)
    // Nobody is affected yet.
    expect((await ask('GET', fleet(), '')).body.secondPersonFor).toEqual(['forced_closed'])
    const enrollment = await createEnrollmentKey(world.ctx, {
      actor: SYSTEM,
      fleetId: world.fleet,
      body: { name: 'one' },
    })
    const metrics = async (): Promise<Response> => new Response('metrics')
    const router = createRouter({ ctx: world.ctx, metrics, isDraining: () => false })
    await TestDevice.enroll({ ctx: world.ctx, router }, { fleetId: world.fleet, key: enrollment.key })
    expect((await ask('GET', fleet(), '')).body).toMatchObject({
      affected: { devices: 1 },
      secondPersonFor: ['forced_open', 'forced_closed', 'metrics_only'],
    })
    const asked = await force(fleet(), { kind: 'forced_open' })
    expect([asked.status, stateOf(fleet())]).toEqual([201, 'closed'])
    expect(asked.body.overrides[0]?.approval).not.toBeNull()
  })

  test('nobody agreed within 15 minutes: it lapses, and can’t be approved any more', async () => {
    const asked = await force(fleet(), { kind: 'forced_closed' })
    world.clock.advance(15 * 60_000)
    const body = { id: asked.body.overrides[0]?.id ?? '', version: 1 }
    expect((await ask('POST', fleet(), '/override/approve', body, 'second')).body.code).toBe('override_state')
    expect(stateOf(fleet())).toBe('closed')
  })

  test('breaking the glass takes effect alone, and is marked in the log', async () => {
    await force(fleet(), { kind: 'forced_closed', breakGlass: true })
    expect(stateOf(fleet())).toBe('forced_closed')
    const { body } = await ask('GET', fleet(), '')
    expect(body.history[0]?.action).toBe('breaker.break_glass')
  })

  test('the engine’s is for who has the role in every fleet, and needs a second person', async () => {
    expect((await force('engine', { kind: 'forced_open' })).status).toBe(403)
    const everywhere = (id: string) => ({ kind: 'user', id, name: id, roles: { '*': 'operator' } }) as const
    const { forceBreaker } = await import('#lib/application/breakers/force-breaker.ts')
    const { approveOverride } = await import('#lib/application/breakers/approve-override.ts')
    const input = { fleetId: world.fleet, scope: 'engine' }
    const body = { kind: 'forced_open', reason: REASON, version: 0 }
    const { overrides } = await forceBreaker(world.ctx, { ...input, actor: everywhere('ada'), body })
    expect(stateOf('engine')).toBe('closed')
    const agreed = { id: overrides[0]?.id, version: 1 }
    await approveOverride(world.ctx, { ...input, actor: everywhere('bo'), body: agreed })
    expect(stateOf('engine')).toBe('forced_open')
    // A narrower scope shows which wider one wins.
    expect((await ask('GET', fleet(), '', null, 'viewer')).body.overruledBy).toBe('engine')
  })

  test('another end for what holds; a later one of what needed a second person needs one again', async () => {
    const at = (ms: number): string => new Date(world.clock.now() + ms).toISOString()
    const extend = (id: string, ms: number, version: number) =>
      ask('PATCH', fleet(), '/override', { id, expiresAt: at(ms), reason: REASON, version })
    const made = await force(fleet(), { kind: 'forced_open' })
    const longer = await extend(made.body.overrides[0]?.id ?? '', 6 * HOUR_MS, 1)
    expect(longer.body.overrides).toMatchObject([
      { kind: 'forced_open', expiresAtMs: world.clock.now() + 6 * HOUR_MS },
    ])
    expect((await extend(longer.body.overrides[0]?.id ?? '', 25 * HOUR_MS, 2)).status).toBe(400)
    const closed = await force(fleet(), { kind: 'forced_closed', version: 2, breakGlass: true })
    const asked = await extend(closed.body.overrides[0]?.id ?? '', 6 * HOUR_MS, 3)
    expect(asked.body.overrides.map((one) => one.approval === null)).toEqual([true, false])
    const sooner = await extend(closed.body.overrides[0]?.id ?? '', 60_000, 4)
    // What waits for a second person waits on: that one may say no.
    const now = world.clock.now()
    expect(
      sooner.body.overrides.map(({ approval, expiresAtMs }) => [approval === null, expiresAtMs - now]),
    ).toEqual([
      [false, 6 * HOUR_MS],
      [true, 60_000],
    ])
  })

  test('what is wrong with a request is said, and nothing changes', async () => {
    const at = (ms: number): string => new Date(world.clock.now() + ms).toISOString()
    for (const bad of [
      { kind: 'open' },
      { kind: 'forced_open', reason: 'too short' },
      { kind: 'forced_open', expiresAt: at(-1) },
      { kind: 'forced_open', expiresAt: at(24 * HOUR_MS + 1) },
      { kind: 'forced_open', startsAt: at(25 * HOUR_MS) },
      { kind: 'forced_open', startsAt: at(60_000), expiresAt: at(30_000) },
      { kind: 'forced_open', colour: 'red' },
      { kind: 'forced_open', version: -1 },
    ])
      expect((await force(fleet(), bad)).status).toBe(400)
    expect((await force(fleet(), { kind: 'forced_open', version: 7 })).body).toMatchObject({
      code: 'stale_version',
      version: 0,
    })
    for (const scope of [
      'x',
      fleetScope(world.foreignFleet),
      `collection:${world.fleet}:none`,
      `app:${world.fleet}:`,
    ])
      expect((await force(scope, { kind: 'forced_open' })).status).toBe(404)
    expect((await force(fleet(), { kind: 'forced_open' }, 'viewer')).status).toBe(403)
    expect([stateOf(fleet()), await world.ctx.storage.breakers.control(fleet())]).toEqual(['closed', null])
  })
})

test('[BR2] settings of a scope are its own, by an administrator; taken back, the common ones hold', async () => {
  const configure = (settings: object | null, version: number, as: keyof typeof roles = 'admin') =>
    ask('PATCH', fleet(), '/config', { settings, version, reason: REASON }, as)
  expect((await configure({ callsMin: 5 }, 0, 'operator')).status).toBe(403)
  expect((await configure({ failureRateMax: 2 }, 0)).status).toBe(400)
  expect((await configure({ openMs: 600_000 }, 0)).status).toBe(400)
  await configure({ callsMin: 3 }, 0)
  await configure({ failureRateMax: 0.5 }, 1)
  expect((await ask('GET', fleet(), '')).body).toMatchObject({
    version: 2,
    settings: { callsMin: 3, failureRateMax: 0.5, slowMs: 5_000 },
  })
  const failing = () => Promise.reject(new Error('away'))
  for (let n = 0; n < 3; n++) await world.ctx.breakers.call(fleet(), failing).catch(() => undefined)
  expect(stateOf(fleet())).toBe('open')
  await configure(null, 2)
  expect((await ask('GET', fleet(), '')).body.settings.callsMin).toBe(20)
})

test('a breaker’s page: seconds of all processes, trips with what was bad, whom a command meets, and what if', async () => {
  const failing = () => Promise.reject(new Error('away'))
  for (let n = 0; n < 20; n++) await world.ctx.breakers.call(fleet(), failing).catch(() => undefined)
  await world.ctx.journal.flush(world.clock.now())
  const { body } = await ask('GET', fleet(), '')
  expect(body).toMatchObject({
    state: 'open',
    seconds: [{ calls: 20, failures: 20, shed: 0 }],
    changes: [{ before: 'closed', after: 'open', trip: { calls: 20, failures: 20 } }],
    // All came in the first minute that anybody counts.
    affected: { devices: 0, isMore: false, requestsPerMinute: 20 },
  })
  expect(body.changes[0]?.trip?.bad.length).toBeGreaterThan(0)
  const supposed = await world.admin(
    `/breakers/${encodeURIComponent(fleet())}/what-if?fleet=${world.fleet}&callsMin=30&windowSeconds=120`,
    { headers: roles.viewer },
  )
  const told = await supposed.text()
  expect(supposed.status, told).toBe(200)
  interface Run {
    readonly trips: readonly unknown[]
  }
  const { now, asked, rates, minutes } = JSON.parse(told) as {
    readonly now: Run
    readonly asked: Run
    readonly rates: readonly { readonly failureRateMax: number; readonly run: Run }[]
    readonly minutes: readonly object[]
  }
  expect([now.trips.length, asked.trips.length]).toEqual([1, 0])
  // By what is asked, at each rate: thirty calls are never reached.
  expect(rates.map(({ failureRateMax, run }) => [failureRateMax, run.trips.length])).toEqual([
    [0.02, 0],
    [0.03, 0],
    [0.05, 0],
    [0.08, 0],
  ])
  expect(minutes).toMatchObject([{ calls: 20, failures: 20 }])
  const refused = await world.admin(`/breakers/engine/what-if?fleet=${world.fleet}&windowSeconds=1`, {
    headers: roles.viewer,
  })
  expect(refused.status).toBe(400)
})
