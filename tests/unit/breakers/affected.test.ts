import { beforeEach, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { affectedBy } from '#lib/application/breakers/affected.ts'
import { forceBreaker } from '#lib/application/breakers/force-breaker.ts'
import { listBreakers } from '#lib/application/breakers/list-breakers.ts'
import { appScope, collectionScope, fleetScope } from '#lib/application/breakers/scopes.ts'
import { commandDevice } from '#lib/application/devices/command-device.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { admit } from '#lib/http/admit.ts'
import { createRouter } from '#lib/http/router.ts'
import { APP_VERSIONS_LIVE_MAX, SCOPES_TOLD_MAX } from '#lib/protocol/limits.ts'
import { newUuid } from '#tests/support/device-world.ts'
import { type OperatorWorld, operatorWorld } from '#tests/support/operator-world.ts'

let world: OperatorWorld
beforeEach(async () => {
  world = await operatorWorld()
})

async function enroll(appVersion: string): Promise<string> {
  const actor = SYSTEM
  const { key } = await createEnrollmentKey(world.ctx, { actor, fleetId: world.fleet, body: { name: 'one' } })
  const metrics = async (): Promise<Response> => new Response('metrics')
  const router = createRouter({ ctx: world.ctx, metrics, isDraining: () => false })
  const deviceId = newUuid()
  const answer = await router.handle(
    new Request('http://127.0.0.1:3000/api/v1/enroll', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        requestId: newUuid(),
        deviceId,
        device: { name: 'tablet', platform: 'ios', appVersion },
      }),
    }),
  )
  expect(answer?.status).toBe(201)
  return deviceId
}
const devicesOf = async (scope: Parameters<typeof affectedBy>[1]): Promise<number> =>
  (await affectedBy(world.ctx, scope)).devices

test('[BR4] a command meets devices of its version, whatever characters that has, and none that is revoked', async () => {
  const odd = '2.4 "b\\*",1:0 -x'
  await enroll(odd)
  await enroll(odd)
  const gone = await enroll('2.4.1')
  await enroll('2.4.1')
  expect(await devicesOf(fleetScope(world.fleet))).toBe(4)
  const input = { actor: SYSTEM, fleetId: world.fleet, id: gone }
  await commandDevice(world.ctx, { ...input, body: { type: 'revoke', reason: 'it was lost on the apron' } })
  expect(await devicesOf(fleetScope(world.fleet))).toBe(3)
  expect(await devicesOf(appScope(world.fleet, odd))).toBe(2)
  expect(await devicesOf(appScope(world.fleet, '2.4.1'))).toBe(1)
})

test('[BR5] past a hundred live versions: `other` meets those without a place, and a version that is forced open is shut', async () => {
  const { ctx, fleet } = world
  for (let n = 0; n < APP_VERSIONS_LIVE_MAX; n++) ctx.requests.liveVersion(fleet, `1.0.${n}`)
  await enroll('1.0.7')
  await enroll('9.9.9')
  expect(await devicesOf(appScope(fleet, 'other'))).toBe(1)
  const enters = (version: string) => () =>
    admit(ctx, 'pull', `tmd_${fleet}_x`, ctx.breakers.begin(), version)
  expect(enters('9.9.9')).not.toThrow()
  const body = { kind: 'forced_open', reason: 'schema bug in 9.9.9', version: 0 }
  await forceBreaker(ctx, { actor: SYSTEM, fleetId: fleet, scope: appScope(fleet, '9.9.9'), body })
  expect(enters('9.9.9')).toThrow(/breaker_open|breaker/i)
  expect(enters('9.9.8')).not.toThrow()
})

test('requests a minute of a server that began a minute ago are those of that minute', async () => {
  const { ctx, fleet, clock } = world
  await ctx.overrides.look()
  for (let n = 0; n < 30; n++) await ctx.breakers.call(fleetScope(fleet), async () => 'good')
  await ctx.journal.flush(clock.now())
  const rate = async () => (await affectedBy(ctx, fleetScope(fleet))).requestsPerMinute
  expect(await rate()).toBe(30)
  clock.advance(4 * 60_000)
  expect(await rate()).toBe(8)
})

test('what a process can’t tell for want of room is not known, rather than none', async () => {
  const { ctx, fleet } = world
  const scope = collectionScope(fleet, 'notes')
  await ctx.breakers.call(scope, async () => 'good')
  await ctx.overrides.look()
  const minute = async () =>
    (await listBreakers(ctx, { actor: SYSTEM, fleetId: fleet })).find((one) => one.scope === scope)?.minute
  expect(await minute()).toEqual({ calls: 1, failures: 0, shed: 0, isPart: false })
  const told = { state: 'closed', calls: 1, failures: 0, shed: 0 } as const
  const scopes = Object.fromEntries(Array.from({ length: SCOPES_TOLD_MAX }, (_, n) => [`fleet:${n}`, told]))
  const process = { id: newUuid(), name: 'full', startedAtMs: 0, revision: ctx.overrides.revision, scopes }
  await ctx.storage.breakers.beat(process)
  expect(await minute()).toEqual({ calls: 1, failures: 0, shed: 0, isPart: true })
  await ctx.storage.breakers.beat({ ...process, scopes: { ...scopes, [scope]: told } })
  expect(await minute()).toEqual({ calls: 2, failures: 0, shed: 0, isPart: false })
})
