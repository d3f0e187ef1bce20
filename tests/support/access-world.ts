import type { AccessContext } from '#lib/application/access/context.ts'
import { auditEntry, SYSTEM } from '#lib/application/access/audit-entry.ts'
import { FLEET_SETTINGS_DEFAULT } from '#lib/application/fleets/fleet-input.ts'
import { hashPassword } from '#lib/application/access/password.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { Role, User } from '#lib/storage/ports.ts'

/** A clock that stands still until a test moves it. Starts at the real time, since cookies expire by it. */
export interface TestClock {
  now(): number
  advance(ms: number): void
}

export function testClock(startMs = Date.now()): TestClock {
  let nowMs = startMs
  return { now: () => nowMs, advance: (ms) => void (nowMs += ms) }
}

export const silentLog = { info: () => {}, warn: () => {}, error: () => {} }

export function accessWorld(): AccessContext & { clock: TestClock } {
  const clock = testClock()
  const random = seededRandom(7)
  const storage = openMemoryStorage({ nowMs: clock.now })
  return { storage, clock, ids: () => uuidv7(clock.now(), random), log: silentLog }
}

export async function addFleet(ctx: AccessContext, name: string): Promise<string> {
  const id = ctx.ids()
  const createdAtMs = ctx.clock.now()
  const fleet = { id, name, epoch: 1, configVersion: 1, settings: FLEET_SETTINGS_DEFAULT, createdAtMs }
  await ctx.storage.fleets.create(
    fleet,
    auditEntry(ctx, SYSTEM, { action: 'fleet.create', target: id, fleetId: id }),
  )
  return id
}

export const PASSWORD = 'a long walk on the runway'

/** Hashing is slow on purpose, so all users of a test file share one hash. */
const passwordHash = hashPassword(PASSWORD)

export async function addUser(
  ctx: AccessContext,
  email: string,
  roles: Readonly<Record<string, Role>>,
): Promise<User> {
  const user = {
    id: ctx.ids(),
    email,
    name: email,
    passwordHash: await passwordHash,
    disabled: false,
    removedAtMs: null,
    createdAtMs: ctx.clock.now(),
    roles,
  }
  await ctx.storage.access.createUser(user, {
    id: ctx.ids(),
    atMs: ctx.clock.now(),
    fleetId: null,
    actor: { kind: 'system', id: 'test', name: 'Test' },
    action: 'user.create',
    target: `user/${user.id}`,
    reason: null,
    before: null,
    after: null,
    address: null,
    outcome: 'done',
  })
  return user
}
