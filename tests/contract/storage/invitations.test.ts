import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Invitation, User } from '#lib/storage/ports.ts'
import { audit, BACKENDS, DAY_MS, makeFleet, NOW_MS, opened } from './world.ts'

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

describe.each(BACKENDS)('invitations on $name', (backend) => {
  const current = opened(backend)
  const add = (invitation: Invitation, judge: (open: readonly Invitation[]) => void = anyway) =>
    current().storage.invitations.create(invitation, 0, judge, audit())
  const listed = async (id: string) =>
    (await current().storage.invitations.list()).find((one) => one.id === id)

  it('are kept whole, found by their hash, and listed newest first', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const older = invitationOf({ roles: { [fleetId]: 'operator', '*': 'viewer' } })
    const newer = invitationOf({ createdAtMs: NOW_MS + 1 })
    await add(older)
    await add(newer)
    expect(await storage.invitations.find(older.hash)).toEqual(older)
    expect(await storage.invitations.find(randomUUID())).toBeNull()
    const ids = (await storage.invitations.list()).map(({ id }) => id)
    expect(ids.indexOf(newer.id)).toBeLessThan(ids.indexOf(older.id))
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
    const seen = async () => (await storage.access.usersSeen()).get(user.id)
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
    await storage.access.findSession(session.id, NOW_MS + 90_000, DAY_MS)
    expect(await seen()).toBe(NOW_MS + 90_000)
    await storage.access.endSession(session.id, audit())
    expect(await seen()).toBe(NOW_MS + 90_000)
  })
})
