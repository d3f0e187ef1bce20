import { expect, test } from 'vitest'
import { foldEvents } from '#lib/application/telemetry/fold-events.ts'
import { jsonBody, operatorWorld, type OperatorWorld } from '#tests/support/operator-world.ts'
import { shippedRule } from '#tests/support/alert-series.ts'
import { pushOf } from '#tests/support/alert-world.ts'

const MINUTE_MS = 60_000

/** A world whose evaluation a test runs by hand. */
async function world() {
  const made = await operatorWorld()
  const [viewer, operator, admin] = await Promise.all(
    (['viewer', 'operator', 'admin'] as const).map((role) => made.keyFor(role)),
  )
  const call = (path: string, headers: { authorization: string } = admin ?? { authorization: '' }) =>
    made.admin(`${path}${path.includes('?') ? '&' : '?'}fleet=${made.fleet}`, { headers })
  const send = (
    method: string,
    path: string,
    body: unknown,
    headers: { authorization: string } = admin ?? { authorization: '' },
  ) => {
    // What is told of two things has an order.
    made.clock.advance(1)
    return made.admin(`${path}?fleet=${made.fleet}`, jsonBody(method, body, headers))
  }
  return { ...made, viewer: viewer!, operator: operator!, key: admin!, call, send }
}

let told = 0
/** Dead letters come, they are folded, and a round of evaluations looks. */
async function failing({ ctx, fleet }: OperatorWorld): Promise<void> {
  const { storage, clock } = ctx
  await storage.telemetry.append(fleet, [
    { id: `told ${(told += 1)}`, atMs: clock.now(), payload: pushOf(10, 30, '2.4.1') },
  ])
  await foldEvents(ctx)
  await ctx.alertRounds.run()
}

const json = async <T>(response: Response): Promise<T> => (await response.json()) as T
interface Shown {
  readonly id: string
  readonly name: string
  readonly severity: string
  readonly version: number
}

test('[alerts] rules: shipped ones change for one fleet, own ones are made, and what can never fire is refused with the place', async () => {
  const at = await world()
  const list = await json<{ items: { rule: { name: string }; origin: string }[]; total: number }>(
    await at.call('/alerts/rules', at.viewer),
  )
  expect(list.total).toBe(21)
  expect(list.items.every(({ origin }) => origin === 'shipped')).toBe(true)
  const changed = await at.send('PATCH', '/alerts/rules/queue-deep', { enabled: false, version: 0 })
  expect(await json(changed)).toMatchObject({ origin: 'changed', version: 1, rule: { enabled: false } })
  expect((await at.send('PATCH', '/alerts/rules/queue-deep', { enabled: true, version: 0 })).status).toBe(409)
  expect((await at.send('PATCH', '/alerts/rules/queue-deep', { version: 1, odd: 1 })).status).toBe(400)
  expect((await at.send('PATCH', '/alerts/rules/queue-deep', { version: 1 }, at.operator)).status).toBe(403)
  const own = { ...shippedRule('request-failures-fast'), name: 'half-fails' }
  const never = { ...own, condition: { ...own.condition, target: 0.9 } }
  const refused = await at.send('POST', '/alerts/rules', never)
  expect(refused.status).toBe(400)
  expect(JSON.stringify(await refused.json())).toContain('can never fire')
  const made = await at.send('POST', '/alerts/rules', own)
  expect(made.status).toBe(201)
  expect(await json(made)).toMatchObject({ origin: 'own', runbook: 'docs/runbooks/own-rule.md' })
  expect((await at.send('POST', '/alerts/rules', own)).status).toBe(409)
  // Two that hold each other's tongue.
  const mute = { inhibitedBy: ['half-fails'], version: 0 }
  expect((await at.send('PATCH', '/alerts/rules/breaker-open', mute)).status).toBe(400)
  const filtered = await json<{ items: { rule: { name: string } }[] }>(
    await at.call(`/alerts/rules?q=${encodeURIComponent('origin:changed,own')}`),
  )
  expect(filtered.items.map(({ rule }) => rule.name)).toEqual(['queue-deep', 'half-fails'])
  expect((await at.send('DELETE', '/alerts/rules/queue-deep', { version: 1 })).status).toBe(200)
  expect(await json(await at.call('/alerts/rules/queue-deep'))).toMatchObject({ origin: 'shipped' })
  const audit = await at.ctx.storage.audit.list(
    { fleetId: at.fleet, action: null },
    { limit: 50, cursor: null },
  )
  expect(audit.items.map(({ action }) => action).filter((action) => action.startsWith('alert-rule'))).toEqual(
    ['alert-rule.reset', 'alert-rule.create', 'alert-rule.change'],
  )
})

test('[alerts] an incident is taken on, given, noted; who does so is told of; roles hold', async () => {
  const at = await world()
  await failing(at)
  const status = await json(await at.call('/alerts/status', at.viewer))
  // The version's own incident is inhibited: nobody has to read it.
  expect(status).toMatchObject({
    open: 2,
    unread: 1,
    critical: 1,
    stopped: false,
    evaluation: { fleetsFailed: 0 },
  })
  const open = await json<{ items: Shown[] }>(
    await at.call(`/alerts/incidents?q=${encodeURIComponent('state:open has:told')}`, at.viewer),
  )
  expect(open.items).toMatchObject([
    {
      name: 'INC-1',
      severity: 'critical',
      runbook: 'docs/runbooks/dead-letters-growing.md',
      suppressed: false,
    },
  ])
  const byName = await json<{ items: Shown[] }>(await at.call('/alerts/incidents?q=name:INC-1', at.viewer))
  expect(byName.items).toEqual(open.items)
  const { id } = open.items[0] as Shown
  const path = `/alerts/incidents/${id}`
  expect((await at.send('POST', `${path}/ack`, {}, at.viewer)).status).toBe(403)
  expect(await json(await at.send('POST', `${path}/ack`, {}, at.operator))).toMatchObject({
    ack: { by: { name: 'operator' } },
  })
  expect(await json(await at.send('POST', `${path}/owner`, { owner: 'day ops' }))).toMatchObject({
    owner: 'day ops',
  })
  expect((await at.send('POST', `${path}/notes`, { text: 'empty speed', more: 1 })).status).toBe(400)
  await at.send('POST', `${path}/notes`, { text: 'all of these are empty speed' }, at.operator)
  expect(await json(await at.call('/alerts/status'))).toMatchObject({ open: 2, unread: 0 })
  const entries = await json<{ items: { kind: string; text: string }[]; nextCursor: string | null }>(
    await at.call(`${path}/entries?limit=3`, at.viewer),
  )
  expect(entries.items.map(({ kind }) => kind)).toEqual(['noted', 'assigned', 'acknowledged'])
  const rest = await json<{ items: { kind: string }[] }>(
    await at.call(`${path}/entries?cursor=${entries.nextCursor}`),
  )
  expect(rest.items.map(({ kind }) => kind)).toEqual(['told', 'cause', 'opened'])
  // No telemetry any more is not well: it stays, and so does who took it on.
  for (let i = 0; i < 90; i++) {
    at.clock.advance(15_000)
    await at.ctx.alertRounds.run()
  }
  const unknown = await json(await at.call(path))
  expect(unknown).toMatchObject({
    state: 'open',
    alerts: [{ noData: true }],
    ack: { by: { name: 'operator' } },
  })
})

test('[alerts] a silence needs a matcher and an end; one that is ahead is a maintenance window; it is ended, not deleted', async () => {
  const at = await world()
  const soon = (minutes: number) => new Date(at.clock.now() + minutes * MINUTE_MS).toISOString()
  const matchers = [{ label: 'family', comparison: 'is', values: ['sync'] }]
  expect(
    (await at.send('POST', '/alerts/silences', { matchers: [], comment: 'all', endsAt: soon(5) })).status,
  ).toBe(400)
  expect(
    (await at.send('POST', '/alerts/silences', { matchers, comment: 'past', endsAt: soon(-5) })).status,
  ).toBe(400)
  const body = { matchers, comment: 'release of 2.4.1', startsAt: soon(10), endsAt: soon(60) }
  expect((await at.send('POST', '/alerts/silences', body, at.viewer)).status).toBe(403)
  const made = await json<Shown & { phase: string }>(
    await at.send('POST', '/alerts/silences', body, at.operator),
  )
  expect(made.phase).toBe('ahead')
  const longer = await at.send('PATCH', `/alerts/silences/${made.id}`, { endsAt: soon(90), version: 1 })
  expect(await json(longer)).toMatchObject({ version: 2, phase: 'ahead' })
  at.clock.advance(11 * MINUTE_MS)
  await failing(at)
  expect(await json(await at.call('/alerts/status'))).toMatchObject({ open: 2, unread: 0 })
  const silenced = await json<{ items: { suppressed: boolean }[] }>(await at.call('/alerts/incidents'))
  expect(silenced.items.map(({ suppressed }) => suppressed)).toEqual([true, true])
  expect((await at.send('DELETE', `/alerts/silences/${made.id}`, { version: 2 })).status).toBe(200)
  expect((await at.send('DELETE', `/alerts/silences/${made.id}`, { version: 3 })).status).toBe(409)
  at.clock.advance(15_000)
  await at.ctx.alertRounds.run()
  expect(await json(await at.call('/alerts/status'))).toMatchObject({ open: 2, unread: 1 })
  const over = await json<{ items: { phase: string }[] }>(await at.call('/alerts/silences?q=phase:over'))
  expect(over.items).toHaveLength(1)
})

test('[alerts] a matcher that would match everything, or nothing, without looking so is refused at its place', async () => {
  const at = await world()
  const endsAt = new Date(at.clock.now() + MINUTE_MS).toISOString()
  const answer = (label: string, comparison: string, value: string) =>
    at.send('POST', '/alerts/silences', {
      matchers: [{ label, comparison, values: ['x', value].slice(label === 'severity' ? 1 : 0) }],
      comment: 'a drill',
      endsAt,
    })
  for (const [label, comparison, value] of [
    ['rule', 'starts_with', ''],
    ['collection', 'starts_with', ''],
    ['rule', 'is_not', ''],
    ['severity', 'is', 'purple'],
    ['family', 'is_not', 'weather'],
  ] as const) {
    const refused = await answer(label, comparison, value)
    expect([label, comparison, refused.status]).toEqual([label, comparison, 400])
    const { errors } = await json<{ errors: { path: string }[] }>(refused)
    expect(errors.map(({ path }) => path).at(-1)).toMatch(/^\/matchers\/0\/values\/\d$/)
  }
  // What no alert of a fleet has a collection for is the empty text: a silence may be of those alone.
  expect((await answer('collection', 'is', '')).status).toBe(201)
  expect((await answer('severity', 'is_not', 'critical')).status).toBe(201)
})

test('[alerts] what people write is shown as it came: control characters are refused, half a surrogate pair is marked', async () => {
  const at = await world()
  await failing(at)
  const { items } = await json<{ items: { path: string; id: string }[] }>(await at.call('/alerts/incidents'))
  const path = `/alerts/incidents/${items[0]?.id}`
  const silence = {
    matchers: [{ label: 'family', comparison: 'is', values: ['sync'] }],
    endsAt: new Date(at.clock.now() + MINUTE_MS).toISOString(),
  }
  for (const [to, body] of [
    ['/alerts/silences', { ...silence, comment: 'a\u0000bcd' }],
    ['/alerts/rules', { ...shippedRule('no-requests'), name: 'own', title: 'Quiet\r\nBcc: all@example.org' }],
    [`${path}/notes`, { text: 'a\u0007b' }],
    [`${path}/owner`, { owner: 'day\nops' }],
  ] as const)
    expect([to, (await at.send('POST', to, body)).status]).toEqual([to, 400])
  const kept = await at.send('POST', '/alerts/silences', { ...silence, comment: 'first\nsecond \ud83d' })
  expect(await json(kept)).toMatchObject({ comment: 'first\nsecond \ufffd' })
})

test('[alerts] a rule tells when it fired last, also once it is well again', async () => {
  const at = await world()
  const rule = async (name: string) =>
    json<{ lastFiredMs: number | null; parts: unknown[] }>(await at.call(`/alerts/rules/${name}`, at.viewer))
  expect((await rule('dead-letters-growing')).lastFiredMs).toBeNull()
  await failing(at)
  const firedMs = at.clock.now()
  expect((await rule('dead-letters-growing')).lastFiredMs).toBe(firedMs)
  for (let minute = 0; minute < 40; minute++) {
    at.clock.advance(MINUTE_MS)
    await at.ctx.alertRounds.run()
  }
  expect(await rule('dead-letters-growing')).toMatchObject({ lastFiredMs: firedMs })
  expect((await rule('queue-deep')).lastFiredMs).toBeNull()
})

test('[alerts] what inhibits a rule is a rule: a name that there is not is refused, one that is gone stands in no way', async () => {
  const at = await world()
  const rule = { ...shippedRule('queue-deep'), name: 'own-one' }
  const typo = { ...rule, name: 'own-two', inhibitedBy: ['breaker-open', 'breaker-opne'] }
  for (const [to, body] of [
    ['/alerts/rules', typo],
    ['/alerts/rules/preview', { rule: typo }],
  ] as const) {
    const refused = await at.send('POST', to, body)
    expect([to, refused.status]).toEqual([to, 400])
    expect(JSON.stringify(await refused.json())).toContain('there is no rule breaker-opne')
  }
  expect((await at.send('POST', '/alerts/rules', rule)).status).toBe(201)
  const mute = { inhibitedBy: ['own-one'], version: 0 }
  expect((await at.send('PATCH', '/alerts/rules/clock-skew', mute)).status).toBe(200)
  expect((await at.send('DELETE', '/alerts/rules/own-one', { version: 1 })).status).toBe(200)
  const off = { enabled: false, version: 1 }
  expect((await at.send('PATCH', '/alerts/rules/clock-skew', off)).status).toBe(200)
})

test('[alerts] a preview replays the past and runs tests that are given as data', async () => {
  const at = await world()
  await failing(at)
  at.clock.advance(20 * MINUTE_MS)
  const rule = shippedRule('dead-letters-growing')
  const given = {
    fromMs: 0,
    stepMs: MINUTE_MS,
    parts: [
      { by: 'fleet', key: '', counters: { deadLettered: [0, 0, 9], pushed: [10, 10, 10] }, gauges: {} },
    ],
  }
  const tests = [
    { given, expect: [{ atMs: 3 * MINUTE_MS, key: '', status: 'firing' }] },
    { given, expect: [{ atMs: 2 * MINUTE_MS, key: '', status: 'firing' }] },
  ]
  const preview = await json<{
    past: { fired: number; firingMs: number; points: unknown[] }
    tests: unknown[][]
  }>(await at.send('POST', '/alerts/rules/preview', { rule, days: 1, tests }, at.operator))
  expect(preview.past).toMatchObject({ fired: 1 })
  expect(preview.past.firingMs).toBeGreaterThanOrEqual(10 * MINUTE_MS)
  expect(preview.past.points.length).toBeGreaterThan(200)
  expect(preview.tests).toEqual([[], [{ atMs: 2 * MINUTE_MS, key: '', status: 'inactive' }]])
  const breaker = await at.send('POST', '/alerts/rules/preview', { rule: shippedRule('breaker-open') })
  expect(await json(breaker)).toMatchObject({ past: null })
})

test('[alerts] a preview holds a collection against its own limit, as the evaluation does', async () => {
  const at = await world()
  await failing(at)
  at.clock.advance(20 * MINUTE_MS)
  const { condition, ...shipped } = shippedRule('conflicts-many')
  // 30 of 40 changes became dead letters.
  const share = { ...condition, measure: 'deadLetterRate', minTraffic: 0 }
  const preview = async () => {
    const rule = { ...shipped, forMs: 0, condition: share }
    const answer = await at.send('POST', '/alerts/rules/preview', { rule, days: 1 }, at.operator)
    return (
      await json<{ past: { fired: number; pointsOf: unknown; points: { bound: number | null }[] } }>(answer)
    ).past
  }
  const bounds = (past: Awaited<ReturnType<typeof preview>>) =>
    new Set(past.points.flatMap(({ bound }) => bound ?? []))
  expect(await preview()).toMatchObject({ fired: 1, pointsOf: { collection: 'strikes' } })
  const made = await at.send('POST', '/collections', {
    name: 'strikes',
    schema: { type: 'object' },
    strategy: 'lww',
    thresholds: { conflictFriction: 0.9 },
  })
  expect([made.status, made.status === 201 ? '' : await made.text()]).toEqual([201, ''])
  const own = await preview()
  expect(own.fired).toBe(0)
  expect(bounds(own)).toEqual(new Set([0.9]))
})

test('[alerts] of a month one point stands for several steps, and is the worst of them', async () => {
  const at = await world()
  await failing(at)
  at.clock.advance(20 * MINUTE_MS)
  const rule = shippedRule('dead-letters-growing')
  const { past } = await json<{
    past: { episodes: { peak: number }[]; points: { value: number | null; bound: number | null }[] }
  }>(await at.send('POST', '/alerts/rules/preview', { rule, days: 30 }, at.operator))
  expect(past.points.length).toBeLessThanOrEqual(1_500)
  expect(past.episodes).toHaveLength(1)
  const values = past.points.flatMap(({ value }) => (value === null ? [] : [value]))
  expect(Math.max(...values)).toBe(past.episodes[0]?.peak)
  const [over] = past.points.filter(({ value, bound }) => value !== null && value > (bound ?? Infinity))
  expect(over).toBeDefined()
})
