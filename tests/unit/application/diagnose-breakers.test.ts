import { expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { forceBreaker } from '#lib/application/breakers/force-breaker.ts'
import { appScope, fleetScope, type Scope } from '#lib/application/breakers/scopes.ts'
import { diagnoseDevice } from '#lib/application/devices/diagnose-device.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'

const REASON = 'schema bug, until 2.4.2'

/** A device on 1.2.0 that has just synced, and what is said of it. */
async function device() {
  const app = testApp(openMemoryStorage())
  const fleet = await testFleet(app)
  const { fleetId } = fleet
  const one = await TestDevice.enroll(app, fleet)
  await one.pushed([one.mutation()])
  const force = (scope: Scope, kind: string) =>
    forceBreaker(app.ctx, {
      actor: SYSTEM,
      fleetId,
      scope,
      body: { kind, reason: REASON, version: 0, breakGlass: true },
    })
  const diagnosis = () => diagnoseDevice(app.ctx, { actor: SYSTEM, fleetId, id: one.id })
  return { fleetId, force, diagnosis }
}

test('the breaker of another app version is not in the way of a device', async () => {
  const { fleetId, force, diagnosis } = await device()
  await force(appScope(fleetId, '2.4.1'), 'forced_open')
  const found = await diagnosis()
  expect(found.verdict).not.toBe('breaker_open')
  expect(found.checks.find(({ name }) => name === 'Breakers')).toMatchObject({ state: 'ruled_out' })
})

test.each(['forced_closed', 'metrics_only'])('a breaker that is %s lets everybody in', async (kind) => {
  const { fleetId, force, diagnosis } = await device()
  await force(fleetScope(fleetId), kind)
  const found = await diagnosis()
  expect(found.verdict).not.toBe('breaker_open')
  expect(found.checks.find(({ name }) => name === 'Breakers')).toMatchObject({ value: 'all closed' })
})

test('a device behind a forced-open breaker is held back by a person, with the reason and the end, and leads there', async () => {
  const { fleetId, force, diagnosis } = await device()
  const scope = appScope(fleetId, '1.2.0')
  await force(scope, 'forced_open')
  const found = await diagnosis()
  expect(found.verdict).toBe('breaker_open')
  expect(found.sentence).toMatch(
    /^tablet is held back by Tidemark: the breaker of app 1\.2\.0 is forced open/,
  )
  expect(found.evidence[0]).toMatchObject({
    text: expect.stringMatching(/^Tidemark forced the breaker of app 1\.2\.0 open, \d+ ms ago$/) as string,
    detail: `“${REASON}”; it ends in 1 h 00 min`,
    link: { label: 'breaker', target: { page: 'breaker', scope } },
  })
  expect(found.next).toMatchObject({
    title: 'Leave it; it drains when the override ends or somebody releases it',
    action: { label: 'See the breaker', target: { page: 'breaker', scope } },
  })
})
