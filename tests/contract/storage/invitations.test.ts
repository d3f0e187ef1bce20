import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { INVITATIONS_LISTED_MAX } from '#lib/storage/invitation-port.ts'
import type { ApiKey, Invitation, Inviter, User } from '#lib/storage/ports.ts'
import { audit, BACKENDS, DAY_MS, makeFleet, NOW_MS, opened, type Opened } from './world.ts'

const invitationOf = (changes: Partial<Invitation> = {}): Invitation => ({
  id: randomUUID(),
  email: `${randomUUID()}@example.org`,
  roles: { '*': 'viewer' },
  hash: randomUUID(),
  invitedBy: { kind: 'user', id: 'ada', name: 'Ada' },
  createdAtMs: NOW_MS,
  expiresAtMs: NOW_MS + DAY_MS,
  acceptedAtMs: null,
  revokedAtMs: null,
  ...changes,
})
const userFor = (invitation: Invitation, known: User | null): User => ({
  id: known?.id ?? randomUUID(),
  email: invitation.email,
  name: 'Grace',
  passwordHash: 'scrypt$…',
  disabled: false,
  removedAtMs: null,
  createdAtMs: NOW_MS,
  roles: invitation.roles,
})
const anyway = () => undefined

/** So many that are newer than all, and closed. */
async function fill({ storage, url }: Opened, count: number): Promise<void> {
  if (url === null) {
    const closed = { createdAtMs: NOW_MS + 2, revokedAtMs: NOW_MS + 2 }
    for (let n = 0; n < count; n += 1)
      await storage.invitations.create(invitationOf(closed), 0, anyway, audit())
    return
  }
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(
    `INSERT INTO invitation (id, email, email_key, roles, hash, invited_by, created_at, expires_at, revoked_at)
      SELECT gen_random_uuid(), n, n, '{"*":"viewer"}', 'filled ' || n, '{}', t, t + interval '1 day', t
      FROM generate_series(1, $1::int) n, to_timestamp($2::float8 / 1000) t`,
    [count, NOW_MS + 2],
  )
  await client.end()
}

describe.each(BACKENDS)('invitations on $name', (backend) => {
  const current = opened(backend)
  const add = (invitation: Invitation, judge: (open: readonly Invitation[]) => void = anyway) =>
    current().storage.invitations.create(invitation, 0, judge, audit())
  const listed = async (id: string) =>
    (await current().storage.invitations.list(null)).find((one) => one.id === id)

  it('are kept whole, found by their hash, and listed newest first', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const older = invitationOf({ roles: { [fleetId]: 'operator', '*': 'viewer' } })
    const newer = invitationOf({ createdAtMs: NOW_MS + 1 })
    await add(older)
    await add(newer)
    expect(await storage.invitations.find(older.hash)).toEqual(older)
    expect(await storage.invitations.find(randomUUID())).toBeNull()
    const ids = (await storage.invitations.list(null)).map(({ id }) => id)
    expect(ids.indexOf(newer.id)).toBeLessThan(ids.indexOf(older.id))
  })

  it('are found by the e-mail while they are open, behind any number of newer ones', async () => {
    const { storage } = current()
    const email = `Ada.${randomUUID()}@Example.org`
    const find = (nowMs = NOW_MS) => storage.invitations.findOpenByEmail(email.toLowerCase(), nowMs)
    await add(invitationOf({ email, revokedAtMs: NOW_MS }))
    await add(invitationOf({ email, acceptedAtMs: NOW_MS }))
    expect(await find()).toBeNull()
    const open = invitationOf({ email })
    await add(open)
    for (let n = 0; n < 5; n += 1) await add(invitationOf({ createdAtMs: NOW_MS + n }))
    expect([await find(), await find(open.expiresAtMs)]).toEqual([open, null])
    expect(await storage.invitations.findOpenByEmail(email.toUpperCase(), NOW_MS)).toEqual(open)
  })

  it('are accepted with who invited before one’s eyes, as they then are', async () => {
    const { storage } = current()
    const inviter = { ...userFor(invitationOf(), null), id: randomUUID() }
    await storage.access.createUser(inviter, audit())
    const key: ApiKey = {
      id: randomUUID(),
      name: 'k',
      hash: randomUUID(),
      role: 'admin',
      fleetId: null,
      scopes: [],
      createdAtMs: NOW_MS,
      expiresAtMs: null,
      revokedAtMs: null,
      lastUsedMs: null,
      lastUsedAddress: null,
    }
    await storage.access.createApiKey(key, audit())
    expect([await storage.access.getApiKey(key.id), await storage.access.getApiKey(randomUUID())]).toEqual([
      key,
      null,
    ])
    const seen: Inviter[] = []
    for (const [kind, id] of [
      ['user', inviter.id],
      ['key', key.id],
      ['user', 'nobody'],
      ['system', 'system'],
    ] as const) {
      const invitation = invitationOf({ invitedBy: { kind, id, name: 'Ada' } })
      await add(invitation)
      await storage.invitations.accept(invitation.hash, NOW_MS, (one, known, by) => {
        seen.push(by)
        return { next: userFor(one, known), audit: audit() }
      })
    }
    const none = { user: null, key: null }
    expect(seen).toEqual([{ user: inviter, key: null }, { user: null, key }, none, none])
  })

  it('are judged beside those that are open, one at a time, and forgotten when they are long closed', async () => {
    const { storage } = current()
    const email = `${randomUUID()}@example.org`
    const judge = (open: readonly Invitation[]) => {
      if (open.some((one) => one.email === email)) throw new Error('invited already')
    }
    const tries = await Promise.allSettled(
      Array.from({ length: 5 }, () => add(invitationOf({ email }), judge)),
    )
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const closed = [
      invitationOf({ email, createdAtMs: NOW_MS - 9 * DAY_MS, expiresAtMs: NOW_MS - 8 * DAY_MS }),
      invitationOf({ email, revokedAtMs: NOW_MS - 8 * DAY_MS }),
      invitationOf({ email, acceptedAtMs: NOW_MS - 8 * DAY_MS }),
    ]
    for (const one of closed) await add(one)
    const recent = invitationOf({ revokedAtMs: NOW_MS - DAY_MS })
    await add(recent)
    await storage.invitations.create(invitationOf(), NOW_MS - 7 * DAY_MS, anyway, audit())
    for (const { id } of closed) expect(await listed(id)).toBeUndefined()
    expect(await listed(recent.id)).toEqual(recent)
  })

  it('change as they then are, and not where the change is refused', async () => {
    const { storage } = current()
    const invitation = invitationOf()
    await add(invitation)
    const next = { ...invitation, hash: randomUUID(), expiresAtMs: NOW_MS + 9, revokedAtMs: NOW_MS }
    expect(await storage.invitations.update(invitation.id, () => ({ next, audit: audit() }))).toEqual(next)
    expect(await listed(invitation.id)).toEqual(next)
    expect(await storage.invitations.find(invitation.hash)).toBeNull()
    expect(await storage.invitations.update(randomUUID(), () => ({ next, audit: audit() }))).toBeNull()
    const refused = storage.invitations.update(invitation.id, () => {
      throw new Error('no')
    })
    await expect(refused).rejects.toThrow('no')
    expect(await listed(invitation.id)).toEqual(next)
  })

  it('are accepted once out of 20 at the same time, and make one user', async () => {
    const { storage } = current()
    const invitation = invitationOf()
    await add(invitation)
    const action = `invitation.accept ${invitation.id}`
    const all = await Promise.all(
      Array.from({ length: 20 }, () =>
        storage.invitations.accept(invitation.hash, NOW_MS, (one, known) => ({
          next: userFor(one, known),
          audit: audit(action),
        })),
      ),
    )
    const made = all.filter((user) => user !== null)
    expect(made).toHaveLength(1)
    expect(await storage.access.findUserByEmail(invitation.email)).toEqual(made[0])
    expect((await listed(invitation.id))?.acceptedAtMs).toBe(NOW_MS)
    const entries = await storage.audit.list({ fleetId: null, action }, { limit: 30, cursor: null })
    expect(entries.items).toHaveLength(1)
  })

  it('are accepted by nobody once they are closed; who has the e-mail is told, and keeps their id', async () => {
    const { storage } = current()
    const accept = (invitation: Invitation, nowMs = NOW_MS) =>
      storage.invitations.accept(invitation.hash, nowMs, (one, known) => ({
        next: userFor(one, known),
        audit: audit(),
      }))
    const revoked = invitationOf({ revokedAtMs: NOW_MS })
    const live = invitationOf()
    await add(revoked)
    await add(live)
    expect(await accept(revoked)).toBeNull()
    expect(await accept(live, live.expiresAtMs)).toBeNull()
    const gone = { ...userFor(live, null), email: live.email.toUpperCase(), disabled: true, roles: {} }
    await storage.access.createUser(gone, audit())
    const refused = storage.invitations.accept(live.hash, NOW_MS, () => {
      throw new Error('has an account')
    })
    await expect(refused).rejects.toThrow('has an account')
    expect((await listed(live.id))?.acceptedAtMs).toBeNull()
    expect((await accept(live))?.id).toBe(gone.id)
    expect(await storage.access.findUserByEmail(live.email)).toMatchObject({
      id: gone.id,
      disabled: false,
      roles: { '*': 'viewer' },
    })
  })

  it('people were last seen when a session of theirs was used, also after it has ended', async () => {
    const { storage } = current()
    const user = { ...userFor(invitationOf(), null), roles: {} }
    await storage.access.createUser(user, audit())
    const seen = async () => (await storage.access.usersSeen([user.id])).get(user.id)
    expect(await seen()).toBeUndefined()
    const session = {
      id: randomUUID(),
      userId: user.id,
      createdAtMs: NOW_MS,
      lastSeenMs: NOW_MS,
      provedAtMs: NOW_MS,
      expiresAtMs: NOW_MS + DAY_MS,
      how: 'password' as const,
      address: null,
      userAgent: null,
    }
    await storage.access.createSession(session, audit())
    expect(await seen()).toBe(NOW_MS)
    // Of those who are asked for alone.
    expect((await storage.access.usersSeen([randomUUID()])).size).toBe(0)
    await storage.access.findSession(session.id, NOW_MS + 90_000, DAY_MS)
    expect(await seen()).toBe(NOW_MS + 90_000)
    await storage.access.endSession(session.id, audit())
    expect(await seen()).toBe(NOW_MS + 90_000)
  })

  it('are listed by what they give before the list is cut', async () => {
    const { storage } = current()
    const [{ id: one }, { id: other }] = [await makeFleet(storage), await makeFleet(storage)]
    const both = invitationOf({ roles: { [one]: 'viewer', [other]: 'admin' } })
    const all = invitationOf({ createdAtMs: NOW_MS + 1 })
    await add(both)
    await add(all)
    const list = async (scopes: readonly string[] | null) =>
      (await storage.invitations.list(scopes)).map(({ id }) => id)
    expect([await list([one]), await list([other, one]), await list([])]).toEqual([[both.id], [both.id], []])
    expect(await list(['*'])).toContain(all.id)
    expect(await list(['*'])).not.toContain(both.id)
    expect(await list(null)).toEqual(expect.arrayContaining([all.id, both.id]))
    await fill(current(), INVITATIONS_LISTED_MAX)
    expect(await list(null)).not.toContain(both.id)
    expect(await list([one])).toEqual([both.id])
  })
})
