import { expect, test } from 'vitest'
import { auditEntry, SYSTEM } from '#lib/application/access/audit-entry.ts'
import { DEVICES_NAMED_MAX, nameTargets, USERS_NAMED_MAX } from '#lib/application/audit/name-targets.ts'
import { accessWorld, addUser } from '#tests/support/access-world.ts'
import { audit, collectionOf, makeDevice, makeFleet } from '../../contract/storage/world.ts'

test('targets of a page of entries are called by their names; whom one may not see is not named', async () => {
  const ctx = accessWorld()
  const { id: fleetId } = await makeFleet(ctx.storage)
  const user = await addUser(ctx, 'ana@example.org', { '*': 'viewer' })
  const device = await makeDevice(ctx.storage, fleetId)
  const collection = collectionOf(fleetId)
  await ctx.storage.collections.create(collection, audit())
  const entries = [
    auditEntry(ctx, SYSTEM, { action: 'user.change', target: `user/${user.id}`, fleetId }),
    auditEntry(ctx, SYSTEM, { action: 'device.pause', target: device.id, fleetId }),
    auditEntry(ctx, SYSTEM, { action: 'collection.update', target: collection.id, fleetId }),
    auditEntry(ctx, SYSTEM, { action: 'GET /x', target: 'forbidden', outcome: 'denied' }),
  ]
  const things = { [device.id]: device.name, [collection.id]: collection.name }
  expect(await nameTargets(ctx, { actor: SYSTEM, entries })).toEqual({ ...things, [user.id]: user.name })
  const ofFleet = { ...SYSTEM, roles: { [fleetId]: 'operator' } } as const
  expect(await nameTargets(ctx, { actor: ofFleet, entries })).toEqual(things)
})

test('the look-up of a page is bounded', async () => {
  const ctx = accessWorld()
  const { id: fleetId } = await makeFleet(ctx.storage)
  const entries = []
  for (let n = 0; n < DEVICES_NAMED_MAX + 5; n += 1) {
    const { id } = await makeDevice(ctx.storage, fleetId)
    entries.push(auditEntry(ctx, SYSTEM, { action: 'device.pause', target: id, fleetId }))
  }
  const names = await nameTargets(ctx, { actor: SYSTEM, entries })
  expect(Object.keys(names)).toHaveLength(DEVICES_NAMED_MAX)
})

test('people are looked up one by one, as many as are named: never all that there are', async () => {
  const ctx = accessWorld()
  const entries = []
  for (let n = 0; n < USERS_NAMED_MAX + 5; n += 1) {
    const { id } = await addUser(ctx, `u${n}@example.org`, { '*': 'viewer' })
    entries.push(auditEntry(ctx, SYSTEM, { action: 'user.change', target: `user/${id}` }))
  }
  const access = { ...ctx.storage.access, listUsers: () => Promise.reject(new Error('reads all')) }
  const names = await nameTargets({ storage: { ...ctx.storage, access } }, { actor: SYSTEM, entries })
  expect(Object.keys(names)).toHaveLength(USERS_NAMED_MAX)
})
