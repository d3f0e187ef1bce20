import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { User, UserSession } from '#lib/storage/ports.ts'
import { SESSIONS_PER_USER_MAX } from '#lib/storage/sign-in-port.ts'
import { audit, BACKENDS, collectionOf, DAY_MS, makeFleet, NOW_MS, opened } from './world.ts'

const userOf = (changes: Partial<User> = {}): User => {
  const id = randomUUID()
  return {
    id,
    email: `${id}@Example.org`,
    name: 'Ada',
    passwordHash: null,
    disabled: false,
    removedAtMs: null,
    createdAtMs: NOW_MS,
    roles: { '*': 'admin' },
    ...changes,
  }
}

const sessionOf = (userId: string): UserSession => ({
  id: randomUUID(),
  userId,
  createdAtMs: NOW_MS,
  lastSeenMs: NOW_MS,
  expiresAtMs: NOW_MS + DAY_MS,
  provedAtMs: NOW_MS,
  how: 'password',
  address: null,
  userAgent: null,
})

describe.each(BACKENDS)('people, keys and fleets on $name', (backend) => {
  const current = opened(backend)

  it('claims the set-up link once out of 20 parallel claims', async () => {
    const { storage } = current()
    const hash = randomUUID()
    await storage.access.createLink(
      {
        hash,
        kind: 'set_up',
        userId: null,
        expiresAtMs: NOW_MS + 10,
        usedAtMs: null,
      },
      audit(),
    )
    expect(await storage.access.useLink(hash, NOW_MS)).toBeNull()
    const isLive = (nowMs: number, kind: 'set_up' | 'sign_in' = 'set_up') =>
      storage.access.isLinkLive(hash, kind, nowMs)
    expect(await Promise.all([isLive(NOW_MS), isLive(NOW_MS, 'sign_in'), isLive(NOW_MS + 10)])).toEqual([
      true,
      false,
      false,
    ])
    expect(await storage.access.claimSetUp(hash, userOf(), NOW_MS + 10, audit())).toBe('gone')
    const before = await storage.access.countAdmins()
    const claims = await Promise.all(
      Array.from({ length: 20 }, () =>
        storage.access.claimSetUp(hash, userOf(), NOW_MS, audit('set-up.claimed')),
      ),
    )
    expect(claims.filter((claim) => claim === 'created')).toHaveLength(1)
    expect(await isLive(NOW_MS)).toBe(false)
    expect(await storage.access.countAdmins()).toBe(before + 1)
    expect(
      (await storage.audit.list({ fleetId: null, action: 'set-up.claimed' }, { limit: 30, cursor: null }))
        .items,
    ).toHaveLength(1)
  })

  it('uses a sign-in link once out of 20 parallel uses', async () => {
    const { storage } = current()
    const link = {
      hash: randomUUID(),
      kind: 'sign_in',
      userId: 'u',
      expiresAtMs: NOW_MS + 10,
      usedAtMs: null,
    } as const
    const told = audit('link.create')
    await storage.access.createLink(link, told)
    expect(await storage.audit.get(told.id)).toMatchObject(told)
    // Neither without the other.
    const untold = { ...link, hash: randomUUID() }
    await expect(storage.access.createLink(untold, told)).rejects.toThrow()
    expect(await storage.access.isLinkLive(untold.hash, 'sign_in', NOW_MS)).toBe(false)
    const uses = await Promise.all(
      Array.from({ length: 20 }, () => storage.access.useLink(link.hash, NOW_MS)),
    )
    expect(uses.filter((use) => use !== null)).toEqual([{ ...link, usedAtMs: NOW_MS }])
  })

  it('keeps users, unique by e-mail in any case', async () => {
    const { storage } = current()
    const user = userOf({ roles: { [randomUUID()]: 'viewer' } })
    expect(await storage.access.createUser(user, audit())).toBe('created')
    expect(await storage.access.createUser(userOf({ email: user.email.toUpperCase() }), audit())).toBe(
      'email_taken',
    )
    expect(await storage.access.findUserByEmail(user.email.toUpperCase())).toEqual(user)
    const changed = {
      ...user,
      name: 'Grace',
      disabled: true,
      removedAtMs: NOW_MS,
      passwordHash: 'scrypt$…',
      roles: { '*': 'operator' },
    } as const
    const toChanged = () => ({ next: changed, audit: audit() })
    expect(await storage.access.updateUser(user.id, toChanged)).toEqual(changed)
    expect(await storage.access.getUser(user.id)).toEqual(changed)
    expect(await storage.access.updateUser(randomUUID(), toChanged)).toBeNull()
    expect((await storage.access.listUsers()).map((listed) => listed.id)).toContain(user.id)
  })

  it('finds live sessions only, and writes lastSeen at most once a minute', async () => {
    const { storage } = current()
    const user = userOf()
    await storage.access.createUser(user, audit())
    const session = {
      id: randomUUID(),
      userId: user.id,
      createdAtMs: NOW_MS,
      lastSeenMs: NOW_MS,
      expiresAtMs: NOW_MS + DAY_MS,
      provedAtMs: NOW_MS,
      how: 'password',
      address: '192.0.2.1',
      userAgent: 'Browser',
    } as const
    await storage.access.createSession(session, audit())
    const lastSeen = async (ms: number, idleMs = DAY_MS) =>
      (await storage.access.findSession(session.id, NOW_MS + ms, idleMs))?.session.lastSeenMs
    expect(await storage.access.findSession(session.id, NOW_MS + 59_999, DAY_MS)).toEqual({ session, user })
    expect(await storage.access.findSession(session.id, NOW_MS + 60_000, 60_000)).toBeNull()
    expect([await lastSeen(60_000), await lastSeen(61_000), await lastSeen(DAY_MS)]).toEqual([
      NOW_MS + 60_000,
      NOW_MS + 60_000,
      undefined,
    ])
    expect([await lastSeen(69_999, 10_000), await lastSeen(70_000, 10_000)]).toEqual([
      NOW_MS + 60_000,
      undefined,
    ])
    const disable = (disabled: boolean) =>
      storage.access.updateUser(user.id, (row) => ({ next: { ...row, disabled }, audit: audit() }))
    await disable(true)
    expect(await lastSeen(1)).toBeUndefined()
    await disable(false)
    expect(await lastSeen(1)).toBeUndefined()
    await storage.access.createSession(session, audit())
    expect(await lastSeen(1)).toBe(NOW_MS)
    await storage.access.endSession(session.id, audit())
    expect(await lastSeen(1)).toBeUndefined()
  })

  it('lists, proves and ends the sessions of one user, and keeps so many', async () => {
    const { storage } = current()
    const [user, other] = [userOf(), userOf()]
    await storage.access.createUser(user, audit())
    await storage.access.createUser(other, audit())
    const start = async (userId: string, atMs: number): Promise<UserSession> => {
      const session: UserSession = {
        id: randomUUID(),
        userId,
        createdAtMs: atMs,
        lastSeenMs: atMs,
        expiresAtMs: atMs + DAY_MS,
        provedAtMs: 0,
        how: 'oidc',
        address: null,
        userAgent: null,
      }
      await storage.access.createSession(session, audit())
      return session
    }
    const list = async (nowMs: number, idleMs = DAY_MS) =>
      (await storage.access.listSessions(user.id, nowMs, idleMs)).map(({ id }) => id)
    const [first, second] = [await start(user.id, NOW_MS), await start(user.id, NOW_MS + 5)]
    const foreign = await start(other.id, NOW_MS)
    expect(await storage.access.listSessions(user.id, NOW_MS + 5, DAY_MS)).toEqual([second, first])
    expect(await list(NOW_MS + DAY_MS)).toEqual([second.id])
    expect(await list(NOW_MS + 15, 15)).toEqual([second.id])

    expect(await storage.access.proveSession(first.id, NOW_MS + 9, audit('session.prove-me'))).toBe(true)
    expect(await storage.access.proveSession(randomUUID(), NOW_MS, audit('session.prove-me'))).toBe(false)
    const told = { fleetId: null, action: 'session.prove-me' }
    expect((await storage.audit.list(told, { limit: 9, cursor: null })).items).toHaveLength(1)
    const found = await storage.access.findSession(first.id, NOW_MS + 5, DAY_MS)
    expect(found?.session).toEqual({ ...first, provedAtMs: NOW_MS + 9 })

    expect(await storage.access.endSessionsOf(user.id, second.id, audit())).toBe(1)
    expect(await list(NOW_MS + 5)).toEqual([second.id])
    expect(await storage.access.endSessionsOf(user.id, null, audit())).toBe(1)
    expect(await storage.access.listSessions(other.id, NOW_MS, DAY_MS)).toEqual([foreign])

    for (let n = 0; n <= SESSIONS_PER_USER_MAX; n += 1) await start(user.id, NOW_MS + n)
    const kept = await storage.access.listSessions(user.id, NOW_MS, DAY_MS)
    expect([kept.length, kept.at(-1)?.createdAtMs]).toEqual([SESSIONS_PER_USER_MAX, NOW_MS + 1])
  })

  it('[check 16] begins a session only for who is enabled and has the password that was checked', async () => {
    const { storage } = current()
    const user = userOf({ passwordHash: 'scrypt$first', roles: {} })
    await storage.access.createUser(user, audit())
    const action = `session.begin ${user.id}`
    const start = (hash?: string) =>
      storage.access.createSession(sessionOf(user.id), audit(action), ...(hash === undefined ? [] : [hash]))
    expect([await start('scrypt$first'), await start()]).toEqual([true, true])
    expect(await start('scrypt$other')).toBe(false)
    await storage.access.updateUser(user.id, (row) => ({
      next: { ...row, passwordHash: null },
      audit: audit(),
    }))
    expect([await start('scrypt$first'), await start()]).toEqual([false, true])
    await storage.access.updateUser(user.id, (row) => ({ next: { ...row, disabled: true }, audit: audit() }))
    expect([await start('scrypt$first'), await start()]).toEqual([false, false])
    expect(await storage.access.listSessions(user.id, NOW_MS, DAY_MS)).toEqual([])
    const told = await storage.audit.list({ fleetId: null, action }, { limit: 9, cursor: null })
    expect(told.items).toHaveLength(3)
  })

  it('[check 16] with a password every session ends but one, in one go or not at all', async () => {
    const { storage } = current()
    const user = userOf({ passwordHash: 'scrypt$first', roles: { a: 'viewer' } })
    const other = userOf({ roles: {} })
    await storage.access.createUser(user, audit())
    await storage.access.createUser(other, audit())
    const [kept, ended, foreign] = [sessionOf(user.id), sessionOf(user.id), sessionOf(other.id)]
    for (const session of [kept, ended, foreign]) await storage.access.createSession(session, audit())
    const live = async (id = user.id) =>
      (await storage.access.listSessions(id, NOW_MS, DAY_MS)).map((session) => session.id)
    const refused = storage.access.updatePassword(user.id, kept.id, () => {
      throw new Error('it is another')
    })
    await expect(refused).rejects.toThrow('it is another')
    const told = audit('account.password')
    const untold = storage.access.updatePassword(user.id, kept.id, (row) => ({
      next: { ...row, passwordHash: 'scrypt$second' },
      audit: told,
      ended: told,
    }))
    await expect(untold).rejects.toThrow()
    expect((await storage.access.getUser(user.id))?.passwordHash).toBe('scrypt$first')
    expect(await live()).toHaveLength(2)
    const change = (passwordHash: string, exceptId: string | null) =>
      storage.access.updatePassword(user.id, exceptId, (row) => ({
        next: { ...row, passwordHash },
        audit: audit(`password ${user.id}`),
        ended: audit(`password ${user.id}`),
      }))
    const next = { ...user, passwordHash: 'scrypt$third' }
    expect(await change('scrypt$third', kept.id)).toEqual({ user: next, endedSessions: 1 })
    expect(await storage.access.getUser(user.id)).toEqual(next)
    expect([await live(), await live(other.id)]).toEqual([[kept.id], [foreign.id]])
    expect((await change('scrypt$fourth', null))?.endedSessions).toBe(1)
    expect(await live()).toEqual([])
    const entries = { fleetId: null, action: `password ${user.id}` }
    expect((await storage.audit.list(entries, { limit: 9, cursor: null })).items).toHaveLength(4)
    const nobody = storage.access.updatePassword(randomUUID(), null, (row) => ({
      next: row,
      audit: audit(),
      ended: audit(),
    }))
    expect(await nobody).toBeNull()
  })

  it('[check 16] of sign-ins and a new password at once, none stays signed in by the old one', async () => {
    const { storage } = current()
    for (let round = 0; round < 5; round += 1) {
      const user = userOf({ passwordHash: 'scrypt$first', roles: {} })
      await storage.access.createUser(user, audit())
      const start = () => storage.access.createSession(sessionOf(user.id), audit(), 'scrypt$first')
      await Promise.all([
        start(),
        start(),
        storage.access.updatePassword(user.id, null, (row) => ({
          next: { ...row, passwordHash: 'scrypt$second' },
          audit: audit(),
          ended: audit(),
        })),
        start(),
        start(),
      ])
      expect(await storage.access.listSessions(user.id, NOW_MS, DAY_MS)).toEqual([])
    }
  })

  it('[check 16] leaves no session to who is disabled, nor a provider to who is removed', async () => {
    const { storage } = current()
    const user = userOf({ roles: { a: 'viewer' } })
    await storage.access.createUser(user, audit())
    const session: UserSession = {
      id: randomUUID(),
      userId: user.id,
      createdAtMs: NOW_MS,
      lastSeenMs: NOW_MS,
      expiresAtMs: NOW_MS + DAY_MS,
      provedAtMs: NOW_MS,
      how: 'password',
      address: null,
      userAgent: null,
    }
    const identity = {
      issuer: `https://${randomUUID()}.example`,
      subject: 's',
      userId: user.id,
      createdAtMs: NOW_MS,
    }
    await storage.access.createSession(session, audit())
    await storage.access.linkIdentity(identity, audit())
    const change = (changes: Partial<User>) =>
      storage.access.updateUser(user.id, (row) => ({ next: { ...row, ...changes }, audit: audit() }))
    await change({ roles: { a: 'admin' } })
    expect(await storage.access.listSessions(user.id, NOW_MS, DAY_MS)).toHaveLength(1)
    await change({ disabled: true })
    await change({ disabled: false })
    expect(await storage.access.listSessions(user.id, NOW_MS, DAY_MS)).toEqual([])
    expect(await storage.access.listIdentities(user.id)).toEqual([identity])
    await change({ disabled: true, roles: {} })
    expect(await storage.access.listIdentities(user.id)).toEqual([identity])
    await change({ removedAtMs: NOW_MS })
    await change({ disabled: false, removedAtMs: null, roles: { a: 'viewer' } })
    expect(await storage.access.listIdentities(user.id)).toEqual([])
  })

  it('links a user once at each provider, and each identity to one user', async () => {
    const { storage } = current()
    const [user, other] = [userOf(), userOf()]
    await storage.access.createUser(user, audit())
    await storage.access.createUser(other, audit())
    const [issuer, subject] = [`https://${randomUUID()}.example`, randomUUID()]
    const identity = { issuer, subject, userId: user.id, createdAtMs: NOW_MS }
    const link = (changes: object) =>
      storage.access.linkIdentity({ ...identity, ...changes }, audit('link.me'))
    const links = await Promise.all([link({}), link({}), link({})])
    expect(links.toSorted()).toEqual(['linked', 'taken', 'taken'])
    expect([await link({ userId: other.id }), await link({ subject: 'another' })]).toEqual(['taken', 'taken'])
    expect(await link({ issuer: `${issuer}/2` })).toBe('linked')
    expect(await storage.access.findIdentity(issuer, subject)).toEqual(identity)
    expect(await storage.access.findIdentity(issuer, 'another')).toBeNull()
    expect((await storage.access.listIdentities(user.id)).map((one) => one.issuer)).toEqual([
      issuer,
      `${issuer}/2`,
    ])
    expect(await storage.access.unlinkIdentity(other.id, issuer, audit())).toBe(false)
    expect(await storage.access.unlinkIdentity(user.id, issuer, audit())).toBe(true)
    expect(await storage.access.findIdentity(issuer, subject)).toBeNull()
    const told = { fleetId: null, action: 'link.me' }
    expect((await storage.audit.list(told, { limit: 9, cursor: null })).items).toHaveLength(2)
  })

  it('[check 11] counts tries by key until their window ends, at the same time as well', async () => {
    const { storage } = current()
    const [key, other, made] = [randomUUID(), randomUUID(), randomUUID()]
    const attempt = (keys: readonly string[], ms = 0) =>
      storage.access.countTries(keys, NOW_MS + ms, 10, 1_000)
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, n) => attempt(n % 2 ? [key, other] : [other, key])),
    )
    expect(all.filter((waitMs) => waitMs === null)).toHaveLength(10)
    expect(new Set(all)).toEqual(new Set([null, 1_000]))
    expect(await attempt([key, made], 400)).toBe(600)
    for (let n = 0; n < 10; n += 1) expect(await attempt([made], 400)).toBeNull()
    expect(await attempt([made], 400)).toBe(1_000)
    await storage.access.clearTries(key)
    expect(await attempt([key], 400)).toBeNull()
    expect(await attempt([other], 1_000)).toBeNull()
    for (let n = 0; n < 9; n += 1) expect(await attempt([other], 1_000)).toBeNull()
    expect(await attempt([other], 1_000)).toBe(1_000)
    await storage.access.forgiveTries([other, randomUUID()])
    expect(await attempt([other], 1_000)).toBeNull()
    expect(await attempt([other], 1_000)).not.toBeNull()
  })

  it('finds an API key until it ends', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const key = {
      id: randomUUID(),
      name: 'k',
      hash: randomUUID(),
      role: 'viewer',
      fleetId,
      scopes: ['metrics'],
      createdAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 5,
      revokedAtMs: null,
      lastUsedMs: null,
      lastUsedAddress: null,
    } as const
    await storage.access.createApiKey(key, audit())
    const revoked = { ...key, id: randomUUID(), hash: randomUUID(), expiresAtMs: null, revokedAtMs: NOW_MS }
    await storage.access.createApiKey(revoked, audit())
    const used = { ...key, lastUsedMs: NOW_MS, lastUsedAddress: '10.1.2.3' }
    expect(await storage.access.findApiKey(key.hash, NOW_MS, '10.1.2.3')).toEqual(used)
    expect(await storage.access.findApiKey(key.hash, NOW_MS + 5, null)).toBeNull()
    expect(await storage.access.findApiKey(revoked.hash, NOW_MS, null)).toBeNull()
    expect(await storage.access.listApiKeys()).toEqual(expect.arrayContaining([used, revoked]))
    const changed = { ...used, name: 'other', role: 'admin', scopes: [], expiresAtMs: null } as const
    const toChanged = () => ({ next: changed, audit: audit() })
    expect(await storage.access.updateApiKey(key.id, toChanged)).toEqual(changed)
    expect(await storage.access.findApiKey(key.hash, NOW_MS + 5, null)).toEqual(changed)
    expect(await storage.access.updateApiKey(randomUUID(), toChanged)).toBeNull()
    await Promise.all([
      storage.access.updateApiKey(key.id, (row) => ({
        next: { ...row, revokedAtMs: NOW_MS },
        audit: audit(),
      })),
      storage.access.updateApiKey(key.id, (row) => ({ next: { ...row, name: 'third' }, audit: audit() })),
    ])
    const kept = (await storage.access.listApiKeys()).find(({ id }) => id === key.id)
    expect(kept).toEqual({ ...changed, name: 'third', revokedAtMs: NOW_MS })
    expect(await storage.access.findApiKey(key.hash, NOW_MS, null)).toBeNull()
  })

  it('changes one user at a time, and nothing where the change is refused', async () => {
    const { storage } = current()
    const user = userOf({ roles: {} })
    await storage.access.createUser(user, audit())
    const give = (scope: string) =>
      storage.access.updateUser(user.id, (row) => ({
        next: { ...row, roles: { ...row.roles, [scope]: 'viewer' } },
        audit: audit('role.give'),
      }))
    await Promise.all(['a', 'b', 'c', 'd'].map(give))
    const all = { a: 'viewer', b: 'viewer', c: 'viewer', d: 'viewer' }
    expect((await storage.access.getUser(user.id))?.roles).toEqual(all)
    const seen: number[] = []
    const refused = storage.access.updateUser(user.id, (row, admins) => {
      seen.push(admins)
      throw new Error(`no, ${row.name}`)
    })
    await expect(refused).rejects.toThrow('no, ')
    expect(seen).toEqual([await storage.access.countAdmins()])
    expect((await storage.access.getUser(user.id))?.roles).toEqual(all)
  })

  it('keeps the audit log in pages, by fleet and action', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const entries = Array.from({ length: 7 }, (_, i) =>
      audit('page.me', {
        fleetId,
        atMs: NOW_MS + (i % 3),
        before: i % 2 ? null : { a: [1, null] },
        after: 'text',
        reason: 'be\u0000cause',
        address: '::1',
      }),
    )
    for (const entry of entries) await storage.audit.append(entry)
    const seen: string[] = []
    let cursor = null
    do {
      const page = await storage.audit.list({ fleetId, action: 'page.me' }, { limit: 2, cursor })
      seen.push(...page.items.map((entry) => entry.id))
      cursor = page.next
    } while (cursor)
    expect([...seen].sort()).toEqual(entries.map((entry) => entry.id).sort())
    const page = await storage.audit.list({ fleetId, action: null }, { limit: 9, cursor: null })
    expect(page.items.find((entry) => entry.id === entries[0]?.id)).toMatchObject(entries[0] ?? {})
    expect(
      (await storage.audit.list({ fleetId, action: 'other' }, { limit: 2, cursor: null })).items,
    ).toEqual([])
  })

  it('names a fleet once and raises its epoch', async () => {
    const { storage } = current()
    const fleet = await makeFleet(storage)
    expect(await storage.fleets.create({ ...fleet, id: randomUUID() }, audit())).toBe('name_taken')
    expect(await storage.fleets.get(fleet.id)).toEqual(fleet)
    expect(await storage.fleets.raiseEpoch(fleet.id, audit())).toBe(2)
    expect((await storage.fleets.list()).find((listed) => listed.id === fleet.id)?.epoch).toBe(2)
    expect(await storage.fleets.get(randomUUID())).toBeNull()
  })

  it('saves a fleet on its config version only, under a name that is free', async () => {
    const { storage } = current()
    const [fleet, other] = [await makeFleet(storage), await makeFleet(storage)]
    const settings = { ...fleet.settings, intervalMs: 5, minAppVersion: '2', allowedOrigins: ['https://a.b'] }
    const next = { ...fleet, name: randomUUID(), settings, configVersion: fleet.configVersion + 1 }
    const saves = await Promise.all([1, 2, 3].map(() => storage.fleets.update(next, audit())))
    expect([...saves].sort()).toEqual(['stale', 'stale', 'updated'])
    expect(await storage.fleets.get(fleet.id)).toEqual(next)
    const taken = { ...next, name: other.name, configVersion: next.configVersion + 1 }
    expect(await storage.fleets.update(taken, audit('fleet.taken'))).toBe('name_taken')
    expect(await storage.fleets.get(fleet.id)).toEqual(next)
    const told = { fleetId: null, action: 'fleet.taken' }
    expect((await storage.audit.list(told, { limit: 9, cursor: null })).items).toEqual([])
  })

  it('saves a collection on its version only, and keeps each schema version', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const first = collectionOf(fleetId, { schema: { type: 'object' }, thresholds: { conflictWarn: 0.02 } })
    expect(await storage.collections.create(first, audit())).toBe('created')
    expect(await storage.collections.create(collectionOf(fleetId), audit())).toBe('name_taken')
    const second = {
      ...first,
      version: 2,
      schemaVersion: 2,
      schema: false,
      tieRule: 'manual',
      updatedAtMs: NOW_MS + 1,
    } as const
    const saves = await Promise.all([1, 2, 3].map(() => storage.collections.update(second, audit())))
    expect([...saves].sort()).toEqual(['stale', 'stale', 'updated'])
    expect(await storage.collections.update({ ...second, version: 3, thresholds: {} }, audit())).toBe(
      'updated',
    )
    expect(await storage.collections.schemaVersions(fleetId, first.id)).toEqual([
      { schemaVersion: 1, schema: { type: 'object' }, createdAtMs: NOW_MS },
      { schemaVersion: 2, schema: false, createdAtMs: NOW_MS + 1 },
    ])
    expect(await storage.collections.get(fleetId, first.id)).toEqual({
      ...second,
      version: 3,
      thresholds: {},
    })
    expect(await storage.collections.list(fleetId)).toHaveLength(1)
    expect((await storage.fleets.get(fleetId))?.configVersion).toBe(4)
  })
})
