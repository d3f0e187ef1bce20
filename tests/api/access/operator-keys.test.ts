import { beforeAll, describe, expect, test } from 'vitest'
import { ACCOUNT_REQUESTS_PER_MINUTE } from '#lib/application/rate-limits.ts'
import { addUser } from '#tests/support/access-world.ts'
import { jsonBody, operatorWorld, ORIGIN, type OperatorWorld } from '#tests/support/operator-world.ts'

const DAY_MS = 86_400_000
let world: OperatorWorld
let root: Record<string, string>
beforeAll(async () => {
  world = await operatorWorld()
  await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
  root = { ...(await world.signIn('root@example.org')), origin: ORIGIN }
})

type Shown = { id: string; key: string; name: string } & Record<string, unknown>
const make = async (body: object): Promise<Shown> => {
  const answer = await world.admin(
    '/api-keys',
    jsonBody('POST', { name: 'nightly', role: 'viewer', ...body }, root),
  )
  expect(answer.status).toBe(201)
  return (await answer.json()) as Shown
}
const listed = async (id: string): Promise<Shown | undefined> => {
  const answer = await world.admin('/api-keys', { headers: root })
  return ((await answer.json()) as { items: Shown[] }).items.find((one) => one.id === id)
}
const ask = async ({ key }: Shown, address: string): Promise<number> =>
  (
    await world.admin('/fleets', {
      headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': `203.0.113.9, ${address}` },
    })
  ).status

describe('operator keys', () => {
  test('[check 32] one that asks without end is told to wait, and nobody else is', async () => {
    const [busy, other] = [await make({}), await make({})]
    for (let n = 0; n < ACCOUNT_REQUESTS_PER_MINUTE; n += 1) world.ctx.rateLimiter.takeOfAccount(busy.id)
    const answer = await world.admin('/fleets', { headers: { authorization: `Bearer ${busy.key}` } })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await ask(other, '192.0.2.1')).toBe(200)
  })

  test('end after 90 days unless somebody says otherwise; one that has ended is 401, and listed', async () => {
    const nowMs = world.clock.now()
    const ends = async (body: object) => (await make(body))['expiresAtMs']
    expect(await ends({})).toBe(nowMs + 90 * DAY_MS)
    expect(await ends({ expiresInDays: 7 })).toBe(nowMs + 7 * DAY_MS)
    expect(await ends({ expiresInDays: null })).toBeNull()
    const key = await make({ expiresInDays: 1 })
    expect(await ask(key, '192.0.2.1')).toBe(200)
    world.clock.advance(DAY_MS)
    root = { ...(await world.signIn('root@example.org')), origin: ORIGIN }
    expect(await ask(key, '192.0.2.1')).toBe(401)
    expect(await listed(key.id)).toMatchObject({ expiresAtMs: nowMs + DAY_MS, revokedAtMs: null })
  })

  test('tell when they were used last and from where, written at most once a minute', async () => {
    const key = await make({})
    expect(await listed(key.id)).toMatchObject({ lastUsedMs: null, lastUsedAddress: null })
    const firstMs = world.clock.now()
    await ask(key, '192.0.2.1')
    world.clock.advance(59_000)
    await ask(key, '192.0.2.2')
    expect(await listed(key.id)).toMatchObject({ lastUsedMs: firstMs, lastUsedAddress: '192.0.2.1' })
    world.clock.advance(1_000)
    await ask(key, '192.0.2.2')
    expect(await listed(key.id)).toMatchObject({
      lastUsedMs: firstMs + 60_000,
      lastUsedAddress: '192.0.2.2',
    })
    const last = { headers: root }
    await world.admin(`/api-keys/${key.id}`, jsonBody('DELETE', { reason: 'leaked' }, root))
    world.clock.advance(60_000)
    expect(await ask(key, '192.0.2.3')).toBe(401)
    expect(await listed(key.id)).toMatchObject({ lastUsedAddress: '192.0.2.2' })
    expect(await (await world.admin('/audit?action=api-key.revoke', last)).text()).toContain('leaked')
  })

  test('[check 5] take no owner, no hash and no fleet that is not theirs to give', async () => {
    const body = { name: 'k', role: 'viewer' }
    for (const extra of [
      { hash: 'x' },
      { id: 'x' },
      { lastUsedMs: 1 },
      { expiresAtMs: 1 },
      { expiresInDays: 0 },
      { scopes: ['*'] },
    ])
      expect((await world.admin('/api-keys', jsonBody('POST', { ...body, ...extra }, root))).status).toBe(400)
  })
})

describe('people', () => {
  test('are found by words, with when they were seen last; other fields are refused', async () => {
    const grace = await addUser(world.ctx, 'grace.hopper@example.org', { [world.fleet]: 'operator' })
    const found = async (q: string, as: Record<string, string> = root) => {
      const answer = await world.admin(`/users?q=${encodeURIComponent(q)}`, { headers: as })
      return ((await answer.json()) as { items: { id: string; lastSeenMs: number | null }[] }).items
    }
    expect(await found('HOPPER operator')).toMatchObject([{ id: grace.id, lastSeenMs: null }])
    expect(await found('hopper admin')).toEqual([])
    const nowMs = world.clock.now()
    await world.signIn('grace.hopper@example.org')
    expect(await found('hopper')).toMatchObject([{ lastSeenMs: nowMs }])
    expect((await world.admin(`/users?q=${'x'.repeat(401)}`, { headers: root })).status).toBe(400)
    const ofFleet = await world.keyFor('admin')
    expect(await found('root', ofFleet)).toEqual([])
    for (const extra of [
      { role2: 'admin' },
      { roles: { '*': 'admin' } },
      { passwordHash: 'x' },
      { email: 'x' },
    ])
      expect((await world.admin(`/users/${grace.id}`, jsonBody('PATCH', extra, root))).status).toBe(400)
  })
})
