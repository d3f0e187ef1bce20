import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { changeEnrollmentKey } from '#lib/application/enrollment/change-enrollment-key.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { enroll as tellEnroll, type EnrollInput } from '#lib/application/enrollment/enroll.ts'
import { ApplicationError } from '#lib/application/errors.ts'
import { BAD_CODES_OF_ADDRESS_PER_MINUTE, BAD_CODES_PER_MINUTE } from '#lib/application/rate-limits.ts'
import type { Context } from '#lib/application/context.ts'
import {
  CODE_LIFE_MAX_MS,
  makeEnrollmentCode,
  parseCode,
} from '#lib/application/enrollment/enrollment-code.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { credentialIn } from '#app/field/enrollment-code.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { ORIGIN, testApp, testFleet } from '#tests/support/device-world.ts'
import type { HttpWorld } from '#tests/support/http-world.ts'
import { overHttp } from '#tests/support/http-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

/** The code of the refusal. */
const tell = (ctx: Context, input: EnrollInput): Promise<string> =>
  tellEnroll(ctx, input).then(
    () => 'enrolled',
    (error: unknown) => (error instanceof ApplicationError ? error.tidemarkCode : String(error)),
  )

describe.each(STORAGES)('a code to type instead of an enrollment key, over $name', ({ open }) => {
  let held: TestStorage
  let world: HttpWorld
  let fleet: TestFleet
  const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs }
  beforeAll(async () => {
    held = await open()
    world = await overHttp(testApp(held.storage, console.error, clock))
    // Others of the same storage, which a code must not be taken for.
    for (let n = 0; n < 3; n++) await testFleet(world.app)
    fleet = await testFleet(world.app)
  })
  afterAll(async () => {
    await world.close()
    await held.close()
  })

  const make = (body: object = {}) =>
    createEnrollmentKey(world.app.ctx, {
      actor: SYSTEM,
      fleetId: fleet.fleetId,
      body: { name: 'phones', code: true, ...body },
    })
  const enroll = async (enrollmentKey: string) => {
    const replica = await openReplica({
      url: ORIGIN,
      fetch: async (input, init) =>
        (await world.app.router.handle(new Request(input, init))) ?? Response.error(),
      enrollmentKey,
      device: { name: 'Phone', platform: 'web', appVersion: '1.0.0' },
      store: openMemoryStore(),
      sync: { auto: false },
    })
    const { fleetId, problem } = await replica.sync()
    await replica.close()
    return fleetId ?? problem
  }

  it('lets a device into its fleet, however it is typed; the key that it stands for does so too', async () => {
    const { code, key, shown } = await make()
    expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(shown.expiresAtMs).toBe(shown.createdAtMs + CODE_LIFE_MAX_MS)
    const typed = credentialIn(` ${code?.toLowerCase().replaceAll('-', ' ')} `) ?? ''
    expect(await enroll(code ?? '')).toBe(fleet.fleetId)
    expect(await enroll(typed)).toBe(fleet.fleetId)
    expect(await enroll(typed.replaceAll('0', 'o').replaceAll('1', 'l'))).toBe(fleet.fleetId)
    expect(await enroll(key)).toBe(fleet.fleetId)
  })

  it('has one letter more than it needs: a typo is none, and asks nobody', async () => {
    const { code } = await make()
    const text = (code ?? '').replaceAll('-', '')
    expect(parseCode(text)).toBe(text)
    for (const other of [`${text.slice(0, -2)}${text.slice(-1)}`, `${text}0`, '', 'U'.repeat(16)])
      expect(parseCode(other)).toBeNull()
    expect(await enroll('0000-0000-0000-0000')).toBe('unauthorized')
  })

  it('is over with its key: used up, a day gone, or made to live on', async () => {
    const acts = { actor: SYSTEM, fleetId: fleet.fleetId }
    const once = await make({ maxDevices: 1 })
    expect([await enroll(once.code ?? ''), await enroll(once.code ?? '')]).toEqual([
      fleet.fleetId,
      'unauthorized',
    ])
    const longer = await make()
    const expiresAtMs = clock.now() + 30 * CODE_LIFE_MAX_MS
    await changeEnrollmentKey(world.app.ctx, { ...acts, id: longer.id, body: { expiresAtMs } })
    expect([await enroll(longer.code ?? ''), await enroll(longer.key)]).toEqual([
      'unauthorized',
      fleet.fleetId,
    ])
    const late = await make()
    clock.aheadMs = CODE_LIFE_MAX_MS + 1
    expect(await enroll(late.code ?? '')).toBe('unauthorized')
    clock.aheadMs = 0
  })

  it('is tried a bounded number of times: from one address, and from all; good ones and keys cost nothing', async () => {
    const startedMs = Date.now()
    const { ctx } = testApp(held.storage, console.error, { now: () => startedMs })
    const good = await make()
    const other = makeEnrollmentCode(ctx, fleet.fleetId)
    const tryOf = (key: string, address: string | null) =>
      tell(ctx, { key, address, readBody: () => Promise.resolve({}) })
    // An empty body is refused after the key was found to be good.
    for (let n = 0; n < 25; n++) expect(await tryOf(good.code ?? '', '192.0.2.1')).toBe('bad_request')
    for (let n = 0; n < BAD_CODES_OF_ADDRESS_PER_MINUTE; n++)
      expect(await tryOf(other.code, '192.0.2.1')).toBe('unauthorized')
    expect(await tryOf(good.code ?? '', '192.0.2.1')).toBe('rate_limited')
    expect(await tryOf(good.key, '192.0.2.1')).toBe('bad_request')
    expect(await tryOf(good.code ?? '', '192.0.2.2')).toBe('bad_request')
    const left = BAD_CODES_PER_MINUTE - BAD_CODES_OF_ADDRESS_PER_MINUTE
    for (let n = 0; n < left; n++)
      expect(await tryOf(other.code, `198.51.${n >> 8}.${n & 255}`)).toBe('unauthorized')
    expect(await tryOf(good.code ?? '', '192.0.2.3')).toBe('rate_limited')
  })

  it('is not made for a key that lives longer than a day, and none is where none was asked for', async () => {
    const expiresAtMs = clock.now() + 2 * CODE_LIFE_MAX_MS
    await expect(make({ expiresAtMs })).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    expect((await make({ code: false })).code).toBeNull()
  })
})
