import { describe, expect, test } from 'vitest'
import { createApiKey, listApiKeys } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { changeApiKey, revokeApiKey } from '#lib/application/access/change-api-key.ts'
import type { AccessContext } from '#lib/application/access/context.ts'
import { makeSignInLink } from '#lib/application/access/links.ts'
import { principalOfKey } from '#lib/application/access/principal.ts'
import {
  endSession,
  findSession,
  SESSION_IDLE_MS,
  SESSION_LIFE_MS,
  userActor,
} from '#lib/application/access/sessions.ts'
import { claimSetUp, prepareSetUp, SET_UP_LINK_LIFE_MS } from '#lib/application/access/set-up.ts'
import { signInByLink, signInByPassword } from '#lib/application/access/sign-in.ts'
import { TRIES_WINDOW_MS } from '#lib/application/access/tries.ts'
import { changeUser, createUser, listUsers } from '#lib/application/access/users.ts'
import { accessWorld, addFleet, addUser, PASSWORD } from '#tests/support/access-world.ts'

const ADDRESS = '192.0.2.7'
/** A browser that nobody signed in at. */
const strange = (address: string | null) => ({ address, userAgent: null, knownAs: () => null })
const bad = (ctx: AccessContext, email: string, address: string) =>
  signInByPassword(ctx, { email, password: 'not the password at all' }, strange(address))
const good = (ctx: AccessContext, email: string, address = ADDRESS) =>
  signInByPassword(ctx, { email, password: PASSWORD }, strange(address))
const tokenOf = (path: string): string => new URL(path, 'http://x').searchParams.get('token') ?? ''

/** By cheap passwords (vitest.config.ts): they are hashed some hundred times. */
describe('sign-in', () => {
  test('ten bad tries shut the account from any address, until the window ends', async () => {
    const ctx = accessWorld()
    await addUser(ctx, 'ana@example.org', { '*': 'viewer' })
    await Promise.all(Array.from({ length: 10 }, (_, n) => bad(ctx, 'ana@example.org', `192.0.2.${n}`)))
    const refused = await good(ctx, 'Ana@example.org', '198.51.100.1')
    expect(refused).toEqual({ ok: false, error: { code: 'rate_limited', retryAfterMs: TRIES_WINDOW_MS } })
    ctx.clock.advance(TRIES_WINDOW_MS)
    expect((await good(ctx, 'ana@example.org')).ok).toBe(true)
  })

  test('ten bad tries shut the address for any account, and good ones do not count', async () => {
    const ctx = accessWorld()
    await addUser(ctx, 'ana@example.org', { '*': 'viewer' })
    for (let n = 0; n < 12; n += 1) expect((await good(ctx, 'ana@example.org')).ok).toBe(true)
    await Promise.all(Array.from({ length: 10 }, (_, n) => bad(ctx, `nobody-${n}@example.org`, ADDRESS)))
    expect(await good(ctx, 'ana@example.org')).toMatchObject({ error: { code: 'rate_limited' } })
    expect((await good(ctx, 'ana@example.org', '198.51.100.1')).ok).toBe(true)
  })

  test('unknown, wrong, disabled and without a password all answer the same, and are audited as denied', async () => {
    const ctx = accessWorld()
    const user = await addUser(ctx, 'ana@example.org', { '*': 'viewer' })
    await createUser(ctx, { actor: SYSTEM, body: { email: 'link-only@example.org', role: 'viewer' } })
    const answers = [
      await bad(ctx, 'nobody@example.org', ADDRESS),
      await bad(ctx, 'ana@example.org', ADDRESS),
    ]
    answers.push(await good(ctx, 'link-only@example.org'))
    await changeUser(ctx, { actor: SYSTEM, id: user.id, body: { disabled: true } })
    answers.push(await good(ctx, 'ana@example.org'))
    expect(answers).toEqual(Array.from({ length: 4 }, () => ({ ok: false, error: { code: 'unauthorized' } })))
    const { items } = await ctx.storage.audit.list(
      { fleetId: null, action: 'session.start' },
      { limit: 10, cursor: null },
    )
    expect(items.map(({ outcome }) => outcome)).toEqual(['denied', 'denied', 'denied', 'denied'])
    // Whose account was tried, where there is one.
    const tried = items.map(({ target }) => target)
    expect(tried.filter((target) => target === 'user')).toHaveLength(1)
    expect(tried.filter((target) => target === `user/${user.id}`)).toHaveLength(2)
    expect(JSON.stringify(items)).not.toContain('example.org')
  })

  test('a link signs in once, of many at the same time one', async () => {
    const ctx = accessWorld()
    const user = await addUser(ctx, 'ana@example.org', { '*': 'viewer' })
    const token = tokenOf(await makeSignInLink(ctx, SYSTEM, user))
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => signInByLink(ctx, { token }, strange(null))),
    )
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
  })
})

describe('sessions', () => {
  test('end when signed out, idle for 8 h, after 7 days, and with the user', async () => {
    const ctx = accessWorld()
    const user = await addUser(ctx, 'ana@example.org', { '*': 'viewer' })
    const start = async (): Promise<string> => {
      const outcome = await good(ctx, 'ana@example.org')
      if (!outcome.ok) throw new Error('cannot sign in')
      return outcome.value.session.id
    }
    const out = await start()
    await endSession(ctx, userActor(user), out, null)
    expect(await findSession(ctx, out)).toBeNull()

    const idle = await start()
    ctx.clock.advance(SESSION_IDLE_MS - 1)
    expect(await findSession(ctx, idle)).not.toBeNull()
    ctx.clock.advance(SESSION_IDLE_MS)
    expect(await findSession(ctx, idle)).toBeNull()

    const busy = await start()
    for (let at = 0; at + SESSION_IDLE_MS / 2 < SESSION_LIFE_MS; at += SESSION_IDLE_MS / 2) {
      expect(await findSession(ctx, busy)).not.toBeNull()
      ctx.clock.advance(SESSION_IDLE_MS / 2)
    }
    ctx.clock.advance(SESSION_IDLE_MS / 2)
    expect(await findSession(ctx, busy)).toBeNull()

    const disabled = await start()
    await changeUser(ctx, { actor: SYSTEM, id: user.id, body: { disabled: true } })
    expect(await findSession(ctx, disabled)).toBeNull()
  })
})

describe('set-up', () => {
  const claim = (token: string, n = 0) => ({ token, email: `admin-${n}@example.org`, password: PASSWORD })
  const codes = async (claims: readonly Promise<unknown>[]) =>
    (await Promise.allSettled(claims)).map((one) =>
      one.status === 'fulfilled' ? 'made' : one.reason.tidemarkCode,
    )

  test('20 claims at once make one administrator, then the link is gone', async () => {
    const ctx = accessWorld()
    const setUp = await prepareSetUp(ctx, { email: null, password: null })
    if (setUp.kind !== 'link') throw new Error('no link')
    const told = await ctx.storage.audit.ofTarget(null, 'set-up', 9)
    expect(told.map(({ action, actor }) => [action, actor.kind])).toEqual([['link.create', 'system']])
    const token = tokenOf(setUp.path)
    const outcomes = await codes(Array.from({ length: 20 }, (_, n) => claimSetUp(ctx, claim(token, n), null)))
    expect(outcomes.filter((outcome) => outcome === 'made')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'gone')).toHaveLength(19)
    expect(await ctx.storage.access.listUsers()).toHaveLength(1)
    expect(await codes([claimSetUp(ctx, claim(token, 30), null)])).toEqual(['gone'])
    expect(await prepareSetUp(ctx, { email: null, password: null })).toEqual({ kind: 'done' })
  })

  test('the link lives half an hour, and a second link dies with the first claim', async () => {
    const ctx = accessWorld()
    const links = [
      await prepareSetUp(ctx, { email: null, password: null }),
      await prepareSetUp(ctx, { email: null, password: null }),
    ]
    const [first, second] = links.map((link) => (link.kind === 'link' ? tokenOf(link.path) : ''))
    await claimSetUp(ctx, claim(first ?? ''), null)
    expect(await codes([claimSetUp(ctx, claim(second ?? '', 1), null)])).toEqual(['gone'])

    const late = accessWorld()
    const link = await prepareSetUp(late, { email: null, password: null })
    late.clock.advance(SET_UP_LINK_LIFE_MS)
    expect(
      await codes([claimSetUp(late, claim(link.kind === 'link' ? tokenOf(link.path) : ''), null)]),
    ).toEqual(['gone'])
  })

  test('an administrator of the environment who will not do is told by the name of the variable', async () => {
    const made = prepareSetUp(accessWorld(), { email: 'nobody', password: 'short' })
    await expect(made).rejects.toThrow(
      /TIDEMARK_ADMIN_EMAIL: .*; TIDEMARK_ADMIN_PASSWORD: must have at least 15 characters/,
    )
  })

  test('a weak password leaves the link unused', async () => {
    const ctx = accessWorld()
    const link = await prepareSetUp(ctx, { email: null, password: null })
    const token = link.kind === 'link' ? tokenOf(link.path) : ''
    expect(await codes([claimSetUp(ctx, { ...claim(token), password: 'passwordpassword' }, null)])).toEqual([
      'bad_request',
    ])
    expect(await codes([claimSetUp(ctx, claim(token), null)])).toEqual(['made'])
  })

  test('two environment variables make the first administrator, once', async () => {
    const ctx = accessWorld()
    const env = { email: 'Boss@Example.org', password: PASSWORD }
    expect(await prepareSetUp(ctx, env)).toEqual({ kind: 'created', email: 'boss@example.org' })
    expect(await prepareSetUp(ctx, env)).toEqual({ kind: 'done' })
    expect((await good(ctx, 'boss@example.org')).ok).toBe(true)
  })
})

describe('users and keys', () => {
  test('nobody reads a hash', async () => {
    const ctx = accessWorld()
    const user = await createUser(ctx, {
      actor: SYSTEM,
      body: { email: 'ana@example.org', role: 'admin', password: PASSWORD },
    })
    expect(user).not.toHaveProperty('passwordHash')
    expect(JSON.stringify(await listUsers(ctx, { actor: SYSTEM }))).not.toContain('scrypt')
  })

  test('the last administrator can be neither demoted nor disabled', async () => {
    const ctx = accessWorld()
    const user = await addUser(ctx, 'ana@example.org', { '*': 'admin' })
    await expect(
      changeUser(ctx, { actor: SYSTEM, id: user.id, body: { role: 'viewer' } }),
    ).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    await expect(
      changeUser(ctx, { actor: SYSTEM, id: user.id, body: { disabled: true } }),
    ).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
  })

  test('of two administrators demoted at once one stays', async () => {
    const ctx = accessWorld()
    const both = [
      await addUser(ctx, 'ana@example.org', { '*': 'admin' }),
      await addUser(ctx, 'bo@example.org', { '*': 'admin' }),
    ]
    const demoted = both.map(({ id }) => changeUser(ctx, { actor: SYSTEM, id, body: { role: 'viewer' } }))
    const outcomes = await Promise.allSettled(demoted)
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await ctx.storage.access.countAdmins()).toBe(1)
  })

  test('a key that is revoked stays so, whatever is changed of it at the same time', async () => {
    const ctx = accessWorld()
    const { id, key } = await createApiKey(ctx, { actor: SYSTEM, body: { name: 'ci', role: 'viewer' } })
    await Promise.all([
      changeApiKey(ctx, { actor: SYSTEM, id, body: { name: 'board' } }),
      revokeApiKey(ctx, { actor: SYSTEM, id, body: {} }),
      changeApiKey(ctx, { actor: SYSTEM, id, body: { role: 'operator' } }),
    ])
    expect(await principalOfKey(ctx, key)).toBeNull()
    expect((await listApiKeys(ctx, { actor: SYSTEM }))[0]).toMatchObject({ name: 'board', role: 'operator' })
  })

  test('an administrator of one fleet sees and changes nobody of another, nor what roles they have there', async () => {
    const ctx = accessWorld()
    const [own, other] = [await addFleet(ctx, 'Own'), await addFleet(ctx, 'Other')]
    const actor = userActor(await addUser(ctx, 'ana@example.org', { [own]: 'admin' }))
    const stranger = await addUser(ctx, 'bo@example.org', { [other]: 'viewer' })
    const shared = await addUser(ctx, 'cy@example.org', { [own]: 'viewer', [other]: 'operator' })
    const change = (id: string) =>
      changeUser(ctx, { actor, id, body: { role: 'operator', fleet: own } }).catch(
        (error: unknown) => (error as { tidemarkCode: string }).tidemarkCode,
      )
    expect(await change(stranger.id)).toBe('not_found')
    expect(await change(shared.id)).toMatchObject({ roles: { [own]: 'operator' } })
    expect(JSON.stringify(await listUsers(ctx, { actor }))).not.toContain(other)
    expect((await ctx.storage.access.getUser(shared.id))?.roles).toEqual({
      [own]: 'operator',
      [other]: 'operator',
    })
  })

  test('somebody without a role left can be given one again', async () => {
    const ctx = accessWorld()
    const fleet = await addFleet(ctx, 'Field')
    const { id } = await addUser(ctx, 'bo@example.org', { [fleet]: 'viewer' })
    await changeUser(ctx, { actor: SYSTEM, id, body: { role: null, fleet } })
    expect((await listUsers(ctx, { actor: SYSTEM })).map((user) => user.id)).toEqual([id])
    const back = await changeUser(ctx, { actor: SYSTEM, id, body: { role: 'viewer', fleet } })
    expect(back.roles).toEqual({ [fleet]: 'viewer' })
  })

  test('nobody gets a role or a key in a fleet that is not there', async () => {
    const ctx = accessWorld()
    const fleet = ctx.ids()
    const { id } = await addUser(ctx, 'bo@example.org', {})
    const refused = [
      createApiKey(ctx, { actor: SYSTEM, body: { name: 'ci', role: 'viewer', fleet } }),
      createUser(ctx, { actor: SYSTEM, body: { email: 'cy@example.org', role: 'viewer', fleet } }),
      changeUser(ctx, { actor: SYSTEM, id, body: { role: 'viewer', fleet } }),
    ]
    for (const call of refused) await expect(call).rejects.toMatchObject({ tidemarkCode: 'not_found' })
  })

  test('the scope of all figures takes an administrator of every fleet', async () => {
    const ctx = accessWorld()
    const fleet = await addFleet(ctx, 'Field')
    const actor = userActor(await addUser(ctx, 'ana@example.org', { [fleet]: 'admin' }))
    const plain = { name: 'board', role: 'viewer', fleet }
    const withScope = createApiKey(ctx, { actor, body: { ...plain, scopes: ['metrics'] } })
    await expect(withScope).rejects.toMatchObject({ tidemarkCode: 'forbidden' })
    const { id } = await createApiKey(ctx, { actor, body: plain })
    const later = changeApiKey(ctx, { actor, id, body: { scopes: ['metrics'] } })
    await expect(later).rejects.toMatchObject({ tidemarkCode: 'forbidden' })
    await changeApiKey(ctx, { actor: SYSTEM, id, body: { scopes: ['metrics'] } })
    expect(await changeApiKey(ctx, { actor, id, body: { name: 'b', scopes: ['metrics'] } })).toMatchObject({
      scopes: ['metrics'],
    })
  })

  test('a key works in its fleet with its role and scopes, until it expires', async () => {
    const ctx = accessWorld()
    const fleet = await addFleet(ctx, 'Field')
    const { key } = await createApiKey(ctx, {
      actor: SYSTEM,
      body: { name: 'ci', role: 'operator', fleet, scopes: ['metrics'], expiresInDays: 1 },
    })
    const principal = await principalOfKey(ctx, key)
    expect(principal).toMatchObject({
      actor: { kind: 'key', name: 'ci', roles: { [fleet]: 'operator' } },
      scopes: ['metrics'],
    })
    ctx.clock.advance(86_400_000)
    expect(await principalOfKey(ctx, key)).toBeNull()
  })
})
