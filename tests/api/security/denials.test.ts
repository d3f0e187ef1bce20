import { beforeEach, describe, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import {
  DENIAL_KINDS_MAX,
  DENIALS_WRITTEN_PER_MINUTE,
  noteDenial,
  tellDenial,
  writeDenials,
} from '#lib/application/audit/denials.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { mayReadMetrics } from '#lib/http/may-read-metrics.ts'
import { createRouter } from '#lib/http/router.ts'
import type { AuditEntry } from '#lib/storage/ports.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { addUser } from '#tests/support/access-world.ts'
import { send, TestDevice } from '#tests/support/device-world.ts'
import { form, jsonBody, operatorWorld, ORIGIN, type OperatorWorld } from '#tests/support/operator-world.ts'

let world: OperatorWorld
beforeEach(async () => {
  world = await operatorWorld()
  await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
})

const denied = async () => {
  const page = await world.ctx.storage.audit.list(
    { fleetId: null, action: null },
    { limit: 500, cursor: null },
  )
  return page.items
    .filter(({ outcome }) => outcome === 'denied')
    .map(({ actor, action, target, fleetId, address, after }) => ({
      who: actor.name,
      action,
      target,
      fleetId,
      address,
      more: isJsonObject(after) ? after['more'] : undefined,
    }))
}
const FROM = { 'x-forwarded-for': '192.0.2.4' }
const FOREIGN = { ...FROM, origin: 'https://evil.example' }

describe('[check 43] a denial leaves an audit event', () => {
  test('of the operator API: no credential, too little of a role, another fleet, another origin', async () => {
    const viewer = await world.keyFor('viewer')
    const cookie = await world.signIn('root@example.org')
    await world.admin('/users', { headers: FROM })
    await world.admin('/users', { headers: { ...FROM, authorization: 'Bearer tmk_no_key' } })
    await world.admin('/audit/verify', { headers: { ...FROM, ...viewer } })
    await world.admin(`/devices?fleet=${world.foreignFleet}`, { headers: { ...FROM, ...viewer } })
    await world.admin('/fleets', jsonBody('POST', { name: 'x' }, { ...FOREIGN, ...cookie }))
    const address = '192.0.2.4'
    expect(await denied()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          who: 'Not signed in',
          target: 'unauthorized',
          action: 'GET /api/admin/v1/users',
          address,
        }),
        expect.objectContaining({
          who: 'viewer',
          target: 'forbidden',
          action: 'GET /api/admin/v1/audit/verify',
          address,
        }),
        expect.objectContaining({ who: 'viewer', target: 'not_found', fleetId: world.foreignFleet, address }),
        expect.objectContaining({
          who: 'root@example.org',
          target: 'bad_origin',
          action: 'POST /api/admin/v1/fleets',
          address,
        }),
      ]),
    )
    expect(await denied()).toHaveLength(5)
  })

  test('of the sign-in: a wrong password, too many tries, another origin, a set-up link that is used up', async () => {
    const sign = (password: string, headers: Record<string, string>) =>
      world.auth(
        '/callback/credentials',
        form({ email: 'root@example.org', password }, { origin: ORIGIN, ...headers }),
      )
    for (let i = 0; i < 12; i++) await sign('wrong', FROM)
    await sign('wrong', FOREIGN)
    await world.auth(
      '/set-up',
      form({ token: 'x', email: 'a@example.org', password: 'a long walk on a beach' }),
    )
    const targets = (await denied()).map(({ target }) => target)
    expect(targets).toEqual(expect.arrayContaining(['rate_limited', 'bad_origin', 'gone']))
    expect(targets.some((target) => target.startsWith('user/'))).toBe(true)
    expect(targets.filter((target) => target === 'rate_limited').length).toBeGreaterThan(0)
  })

  test('of a one-time link that is dead, also where a browser is led back to its form', async () => {
    const ask = (door: string, accept: string) =>
      world.auth(
        door,
        form(
          {
            token: 'x',
            password: 'a long walk on a beach',
            ...(door === '/set-up' && { email: 'a@example.org' }),
          },
          { ...FROM, origin: ORIGIN, accept },
        ),
      )
    for (const door of ['/invitation', '/set-up']) {
      expect((await ask(door, 'application/json')).status).toBe(410)
      expect((await ask(door, 'text/html')).headers.get('location')).toContain('error=gone')
      const told = (await denied()).filter(({ action }) => action === `POST /api/auth${door}`)
      expect(told.map(({ target, address }) => [target, address])).toEqual([
        ['gone', '192.0.2.4'],
        ['gone', '192.0.2.4'],
      ])
    }
  })

  test('of the device API, of telemetry in, and of /metrics, written by the next turn', async () => {
    const router = createRouter({
      ctx: world.ctx,
      metrics: async (request) =>
        new Response('', { status: (await mayReadMetrics(world.ctx, false)(request)) ? 200 : 401 }),
      isDraining: () => false,
    })
    const ask = (path: string, method = 'GET') =>
      router.handle(
        new Request(`${ORIGIN}${path}`, {
          method,
          headers: { ...FROM, authorization: `Bearer tmd_${world.fleet}_x`, 'tidemark-app': '1.0;ios' },
        }),
      )
    for (const [path, method] of [
      ['/api/v1/config', 'GET'],
      ['/api/v1/push', 'POST'],
      ['/api/v1/enroll', 'POST'],
      ['/api/otlp/v1/metrics', 'POST'],
      ['/metrics', 'GET'],
    ] as const)
      expect([path, (await ask(path, method))?.status]).toEqual([path, 401])
    expect(await denied()).toEqual([])
    await writeDenials(world.ctx)
    const actions = (await denied()).map(({ action, target, address }) => [action, target, address].join(' '))
    expect([...actions].sort()).toEqual(
      ['GET /metrics', 'GET config', 'POST /api/otlp/v1/metrics', 'POST enroll', 'POST push'].map(
        (action) => `${action} unauthorized 192.0.2.4`,
      ),
    )
  })

  test('of a device that is revoked, by name', async () => {
    const { ctx } = world
    const router = createRouter({ ctx, metrics: async () => new Response(''), isDraining: () => false })
    const app = { ctx, router }
    const made = await createEnrollmentKey(ctx, { actor: SYSTEM, fleetId: world.fleet, body: { name: 'k' } })
    const device = await TestDevice.enroll(app, { fleetId: world.fleet, key: made.key })
    const admin = await world.keyFor('admin')
    const body = { type: 'revoke', reason: 'lost in a taxi' }
    const revoked = await world.admin(
      `/devices/${device.id}/commands?fleet=${world.fleet}`,
      jsonBody('POST', body, admin),
    )
    expect(revoked.status).toBe(201)
    expect((await device.send('GET', '/api/v1/config')).status).toBe(401)
    await writeDenials(ctx)
    expect(await denied()).toMatchObject([
      { who: 'tablet', action: 'GET config', target: 'device_revoked', fleetId: world.fleet },
    ])
    // A token that there is none of names nobody.
    const token = `${device.token.slice(0, -1)}!`
    expect((await send(app, 'GET', '/api/v1/config', { token })).status).toBe(401)
    await writeDenials(ctx)
    expect((await denied()).map(({ who }) => who).sort()).toEqual(['Not signed in', 'tablet'])
  })

  test('and floods are summed, each kind by itself: nothing is passed over, and nobody fills the log', async () => {
    const denial = {
      actor: null,
      action: 'GET /x',
      code: 'unauthorized',
      fleetId: null,
      address: '192.0.2.4',
    } as const
    for (let i = 0; i < 1_260; i++)
      if (i % 2) await tellDenial(world.ctx, { ...denial, address: `192.0.2.${i % 200}` })
      else noteDenial(world.ctx, denial)
    // A flood of one kind takes no room from another.
    await tellDenial(world.ctx, { ...denial, code: 'forbidden' })
    await writeDenials(world.ctx)
    expect((await denied()).filter(({ target }) => target === 'forbidden')).toHaveLength(1)
    expect(await denied()).toHaveLength(DENIALS_WRITTEN_PER_MINUTE + 1)
    world.clock.advance(60_000)
    await writeDenials(world.ctx)
    const sums = (await denied()).filter(({ more }) => more !== undefined)
    expect(sums).toMatchObject([
      { action: 'denials.more', target: 'unauthorized', more: 1_260 - DENIALS_WRITTEN_PER_MINUTE },
    ])
    // The next minute has room again, and a process that ends tells of what it counted.
    for (let i = 0; i < DENIALS_WRITTEN_PER_MINUTE + 7; i++) await tellDenial(world.ctx, denial)
    await writeDenials(world.ctx, true)
    expect(
      (await denied())
        .map(({ more }) => more)
        .filter((more) => more !== undefined)
        .sort(),
    ).toEqual([1_240, 7])
  })

  test('and failed sign-ins from ever other addresses are summed; those at no account take no room from one’s', async () => {
    const from = (i: number) => ({ origin: ORIGIN, 'x-forwarded-for': `192.0.${i}.4` })
    for (let i = 0; i < DENIALS_WRITTEN_PER_MINUTE + 5; i++)
      await world.auth('/callback/link', form({ token: 'x' }, from(i)))
    const wrong = { email: 'root@example.org', password: 'wrong' }
    await world.auth('/callback/credentials', form(wrong, from(200)))
    await writeDenials(world.ctx, true)
    const told = (await denied()).map(({ action, target, more }) => ({ action, target, more }))
    expect(told.filter(({ target }) => target.startsWith('user/'))).toHaveLength(1)
    expect(told.filter(({ target }) => target === 'user')).toHaveLength(DENIALS_WRITTEN_PER_MINUTE + 1)
    expect(told).toContainEqual({ action: 'denials.more', target: 'user', more: 5 })
  })

  test('also of many kinds at once, in bounded memory', async () => {
    const codes = ['unauthorized', 'forbidden'] as const
    const count = DENIAL_KINDS_MAX * 2
    for (let i = 0; i < count; i++)
      for (let j = 0; j < 2; j++)
        await tellDenial(world.ctx, {
          actor: { kind: 'key', id: `k${i}`, name: `k${i}`, roles: {} },
          action: 'GET /x',
          code: codes[i % 2] ?? 'forbidden',
          fleetId: null,
          address: null,
        })
    await writeDenials(world.ctx, true)
    const rows = await denied()
    const summed = rows.reduce((sum, { more }) => sum + (typeof more === 'number' ? more : 0), 0)
    expect(summed + rows.filter(({ more }) => more === undefined).length).toBe(count * 2)
    expect(rows.length).toBeLessThanOrEqual(DENIAL_KINDS_MAX * 2 + DENIALS_WRITTEN_PER_MINUTE + 1)
  })

  test('and where it can’t be written, the refusal stands and the log says so', async () => {
    const { ctx } = world
    const errors: string[] = []
    const storage = {
      ...ctx.storage,
      audit: {
        ...ctx.storage.audit,
        append: (_entry: AuditEntry): Promise<void> => Promise.reject(new Error('away')),
      },
    }
    const sick = {
      ...ctx,
      storage,
      log: { ...ctx.log, error: (message: string) => void errors.push(message) },
    }
    const denial = { actor: null, action: 'GET /x', code: 'forbidden', fleetId: null, address: null } as const
    for (let i = 0; i < DENIALS_WRITTEN_PER_MINUTE + 3; i++) await tellDenial(sick, denial)
    expect(new Set(errors)).toEqual(new Set(['a denial was not audited']))
    // The sum is kept until it can be told.
    await writeDenials(sick, true)
    storage.audit.append = ctx.storage.audit.append
    await writeDenials(sick, true)
    expect((await denied()).map(({ more }) => more)).toEqual([3])
  })

  const likeThat = {
    actor: null,
    action: 'GET /x',
    code: 'forbidden',
    fleetId: null,
    address: '192.0.2.4',
  } as const
  const sumsTold = async () =>
    (await denied()).flatMap(({ more }) => (typeof more === 'number' ? [more] : []))

  test.each([{ isAway: false }, { isAway: true }])(
    'also those that come while a sum is being written (failing: $isAway)',
    async ({ isAway }) => {
      const { ctx } = world
      let begin = () => {}
      const begun = new Promise<void>((resolve) => (begin = resolve))
      let finish = () => {}
      const end = new Promise<void>((resolve) => (finish = resolve))
      const audit = { ...ctx.storage.audit }
      const slow = { ...ctx, storage: { ...ctx.storage, audit }, log: { ...ctx.log, error: () => {} } }
      const many = async (count: number, address: string) => {
        for (let i = 0; i < count; i++) await tellDenial(slow, { ...likeThat, address })
      }
      await many(DENIALS_WRITTEN_PER_MINUTE + 3, '192.0.2.4')
      audit.append = async (entry) => {
        if (entry.action !== 'denials.more') return ctx.storage.audit.append(entry)
        begin()
        await end
        if (isAway) throw new Error('away')
        await ctx.storage.audit.append(entry)
      }
      world.clock.advance(60_000)
      const written = writeDenials(slow)
      await begun
      const during = DENIALS_WRITTEN_PER_MINUTE + 5
      await many(during, '192.0.2.5')
      // Another turn tells nothing twice.
      audit.append = ctx.storage.audit.append
      await writeDenials(slow)
      finish()
      await written
      await many(2, '192.0.2.6')
      await writeDenials(slow, true)
      const rows = await denied()
      const summed = (await sumsTold()).reduce((sum, more) => sum + more, 0)
      const apart = rows.filter(({ more }) => more === undefined).length
      expect(apart + summed).toBe(DENIALS_WRITTEN_PER_MINUTE + 3 + during + 2)
      expect(apart).toBeLessThanOrEqual(2 * DENIALS_WRITTEN_PER_MINUTE)
      const page = await ctx.storage.audit.list(
        { fleetId: null, action: 'denials.more' },
        { limit: 500, cursor: null },
      )
      const nowMs = world.clock.now()
      expect(page.items.map(({ after }) => after)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            fromMs: isAway ? nowMs - 60_000 : nowMs,
            toMs: nowMs,
            addresses: ['192.0.2.5', ...(isAway ? ['192.0.2.4'] : []), '192.0.2.6'],
          }),
        ]),
      )
    },
  )

  test('and what is beyond the kinds that are told apart blames nobody in particular', async () => {
    const of = (i: number, code: 'unauthorized' | 'forbidden', isKnown: boolean) => ({
      actor: isKnown ? ({ kind: 'key', id: `k${i}`, name: `k${i}`, roles: {} } as const) : null,
      action: `GET /x/${i}`,
      code,
      fleetId: isKnown ? null : `f${i}`,
      address: '192.0.2.4',
    })
    for (let i = 0; i < DENIAL_KINDS_MAX; i++) await tellDenial(world.ctx, of(i, 'forbidden', true))
    for (let i = 0; i < DENIALS_WRITTEN_PER_MINUTE + 9; i++)
      for (const isKnown of [true, false])
        await tellDenial(world.ctx, of(1_000 + i, i % 2 ? 'forbidden' : 'unauthorized', isKnown))
    await writeDenials(world.ctx, true)
    const page = await world.ctx.storage.audit.list(
      { fleetId: null, action: 'denials.more' },
      { limit: 500, cursor: null },
    )
    expect(page.items).toHaveLength(2)
    expect(page.items.map(({ actor }) => actor.name).sort()).toEqual(['Not signed in', 'Several'])
    for (const { actor, target, fleetId, after } of page.items) {
      expect({ kind: actor.kind, target, fleetId }).toEqual({
        kind: 'system',
        target: 'several',
        fleetId: null,
      })
      expect(after).toMatchObject({ more: 9, several: true })
      expect(after).not.toHaveProperty('like')
    }
  })
})
