import { beforeEach, describe, expect, test } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { principalOfKey } from '#lib/application/access/principal.ts'
import { approveOverride } from '#lib/application/breakers/approve-override.ts'
import { breakerDetail } from '#lib/application/breakers/breaker-detail.ts'
import { extendOverride } from '#lib/application/breakers/extend-override.ts'
import { forceBreaker } from '#lib/application/breakers/force-breaker.ts'
import { appScope, ENGINE_SCOPE, fleetScope } from '#lib/application/breakers/scopes.ts'
import type { Actor } from '#lib/application/context.ts'
import { isApplicationError } from '#lib/application/errors.ts'
import type { Role } from '#lib/storage/ports.ts'
import { type OperatorWorld, operatorWorld } from '#tests/support/operator-world.ts'

const HOUR_MS = 3_600_000
const REASON = 'schema bug in 2.4.1, held until 2.4.2'

let world: OperatorWorld
beforeEach(async () => {
  world = await operatorWorld()
})
const person = (id: string, role: Role = 'operator', fleet = world.fleet): Actor => ({
  kind: 'user',
  id,
  name: id,
  roles: { [fleet]: role },
})
const scopeOf = () => appScope(world.fleet, '2.4.1')
const say =
  (verb: typeof forceBreaker) =>
  (body: object, actor: Actor = person('ada'), scope: string = scopeOf()) =>
    verb(world.ctx, { actor, fleetId: world.fleet, scope, body: { reason: REASON, ...body } })
const force = (body: object, actor?: Actor, scope?: string) => say(forceBreaker)(body, actor, scope)
const extend = (body: object, actor?: Actor) => say(extendOverride)(body, actor)
const approve = (body: object, actor: Actor) =>
  approveOverride(world.ctx, { actor, fleetId: world.fleet, scope: scopeOf(), body })
const codeOf = async (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'done',
    (error: unknown) => (isApplicationError(error) ? error.tidemarkCode : String(error)),
  )
const kinds = ({ overrides }: Awaited<ReturnType<typeof force>>) => overrides.map(({ kind }) => kind)

describe('[BR4] times by the server’s clock', () => {
  test('how long it lasts and in how long it starts need no clock of who asks: 24 h are 24 h', async () => {
    const nowMs = world.clock.now()
    const whole = await force({ kind: 'forced_open', lastsMs: 24 * HOUR_MS, version: 0 })
    expect(whole.overrides).toMatchObject([{ startsAtMs: nowMs, expiresAtMs: nowMs + 24 * HOUR_MS }])
    const later = { kind: 'metrics_only', startsInMs: HOUR_MS, lastsMs: HOUR_MS, version: 1 }
    expect((await force(later)).overrides[1]).toMatchObject({
      startsAtMs: nowMs + HOUR_MS,
      expiresAtMs: nowMs + 2 * HOUR_MS,
    })
    const id = whole.overrides[0]?.id
    const sooner = await extend({ id, lastsMs: HOUR_MS / 4, version: 2 })
    expect(sooner.overrides.at(-1)?.expiresAtMs).toBe(nowMs + HOUR_MS / 4)
  })

  test('a time is given by one of both, and within its bounds', async () => {
    const at = new Date(world.clock.now() + HOUR_MS).toISOString()
    for (const bad of [
      { lastsMs: 24 * HOUR_MS + 1 },
      { lastsMs: 0 },
      { startsInMs: 25 * HOUR_MS },
      { startsInMs: -1 },
      { lastsMs: HOUR_MS, expiresAt: at },
      { startsInMs: HOUR_MS, startsAt: at },
    ])
      expect(await codeOf(force({ kind: 'forced_open', version: 0, ...bad }))).toBe('bad_request')
    const made = await force({ kind: 'forced_open', version: 0 })
    const id = made.overrides[0]?.id
    expect(await codeOf(extend({ id, version: 1 }))).toBe('bad_request')
    expect(await codeOf(extend({ id, version: 1, expiresAt: at, lastsMs: HOUR_MS }))).toBe('bad_request')
  })
})

describe('[BR4] what a new command leaves', () => {
  test('what waits for a second person, and what is to begin, stay when what holds gets another end or another kind', async () => {
    const shut = await force({ kind: 'forced_open', version: 0 })
    await force({ kind: 'metrics_only', startsInMs: HOUR_MS, lastsMs: HOUR_MS, version: 1 })
    await force({ kind: 'forced_closed', version: 2 })
    const longer = await extend({ id: shut.overrides[0]?.id, lastsMs: 4 * HOUR_MS, version: 3 })
    expect(kinds(longer).toSorted()).toEqual(['forced_closed', 'forced_open', 'metrics_only'])
    const counts = await force({ kind: 'metrics_only', version: 4 })
    expect(kinds(counts).toSorted()).toEqual(['forced_closed', 'metrics_only', 'metrics_only'])
    // One of each: what is asked anew takes the place of what was asked before.
    const again = await force({ kind: 'forced_closed', lastsMs: HOUR_MS / 4, version: 5 })
    expect(again.overrides.filter(({ approval }) => approval)).toMatchObject([
      { expiresAtMs: world.clock.now() + HOUR_MS / 4 },
    ])
    const asked = again.overrides.find(({ approval }) => approval)
    const agreed = await approve({ id: asked?.id, version: 6 }, person('bo'))
    expect(kinds(agreed).toSorted()).toEqual(['forced_closed', 'metrics_only'])
  })
})

describe('[BR4] a second person is somebody else', () => {
  const keyOf = async (maker: Actor): Promise<Actor> => {
    const body = { name: 'a key', role: 'operator', fleet: world.fleet }
    const { key } = await createApiKey(world.ctx, { actor: maker, body })
    return (await principalOfKey(world.ctx, key))?.actor ?? person('none')
  }
  test('not by a key that they made, nor as the one who made the key that asked', async () => {
    const ada = person('ada', 'admin')
    const [adas, other, bos] = [await keyOf(ada), await keyOf(ada), await keyOf(person('bo', 'admin'))]
    const byAda = await force({ kind: 'forced_closed', version: 0 }, ada)
    const id = byAda.overrides[0]?.id
    expect(await codeOf(approve({ id, version: 1 }, ada))).toBe('second_person_needed')
    expect(await codeOf(approve({ id, version: 1 }, adas))).toBe('second_person_needed')
    const byKey = await force({ kind: 'forced_closed', version: 1 }, adas)
    const asked = byKey.overrides[0]?.id
    for (const self of [ada, adas, other])
      expect(await codeOf(approve({ id: asked, version: 2 }, self))).toBe('second_person_needed')
    expect(await codeOf(approve({ id: asked, version: 2 }, bos))).toBe('done')
  })
})

describe('[BR6] whether a process obeys', () => {
  test('is told by its state, not by the number that it read', async () => {
    await force({ kind: 'forced_open', version: 0 })
    const revision = world.ctx.overrides.revision
    const tell = (state: 'closed' | 'forced_open', id: string) =>
      world.ctx.storage.breakers.beat({
        id,
        name: id,
        startedAtMs: world.clock.now(),
        revision,
        scopes: state === 'closed' ? {} : { [scopeOf()]: { state, calls: 0, failures: 0, shed: 0 } },
      })
    await tell('closed', 'clock is wrong')
    await tell('forced_open', 'obeys')
    const { processes } = await breakerDetail(world.ctx, {
      actor: person('eve', 'viewer'),
      fleetId: world.fleet,
      scope: scopeOf(),
      query: {},
    })
    expect(processes.map(({ name, standing }) => [name, standing])).toEqual([
      ['clock is wrong', 'behind'],
      ['obeys', 'applied'],
      ['test', 'applied'],
    ])
  })
})

test('[BR4] the requests behind a trip of the engine: of the fleets that who looks may see', async () => {
  const { breakers, journal } = world.ctx
  for (let n = 0; n < 20; n++)
    for (const fleetId of [world.fleet, world.foreignFleet]) {
      const pass = breakers.begin()
      if (pass.enter([ENGINE_SCOPE])) continue
      pass.end(() => 'failed', { cause: 'push 503 x', deviceId: `device of ${fleetId}`, fleetId })
    }
  await journal.flush(world.clock.now())
  const devicesSeen = async (actor: Actor) => {
    const input = { actor, fleetId: world.fleet, scope: ENGINE_SCOPE, query: {} }
    const { changes } = await breakerDetail(world.ctx, input)
    return new Set(changes.flatMap(({ trip }) => trip?.bad ?? []).map(({ deviceId }) => deviceId))
  }
  expect(await devicesSeen(person('eve', 'viewer'))).toEqual(new Set([`device of ${world.fleet}`, null]))
  expect(await devicesSeen(person('root', 'viewer', '*'))).toEqual(
    new Set([`device of ${world.fleet}`, `device of ${world.foreignFleet}`]),
  )
})

test('[BR4] one fleet’s commands are bounded, and never in the way of the engine’s', async () => {
  const { BREAKERS_HELD_PER_FLEET_MAX } = await import('#lib/protocol/limits.ts')
  for (let n = 0; n < BREAKERS_HELD_PER_FLEET_MAX; n++) {
    const scope = appScope(world.fleet, `1.0.${n}`)
    await world.ctx.storage.breakers.save(
      { scope, fleetId: world.fleet, version: 1, settings: null, overrides: [], changedAtMs: 0 },
      (await import('../../contract/storage/world.ts')).audit(),
    )
  }
  expect(await codeOf(force({ kind: 'forced_open', version: 0 }))).toBe('bad_request')
  // What is known already may be told more.
  expect(
    await codeOf(force({ kind: 'forced_open', version: 1 }, person('ada'), appScope(world.fleet, '1.0.3'))),
  ).toBe('done')
  expect(
    await codeOf(
      force(
        { kind: 'forced_open', version: 0 },
        person('root', 'operator', '*'),
        fleetScope(world.foreignFleet),
      ),
    ),
  ).toBe('not_found')
})
