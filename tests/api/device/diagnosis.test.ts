import { asks } from '#lib/query/letter-fields.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { fleetScope } from '#lib/application/breakers/scopes.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { systemClock } from '#lib/client/clock.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Diagnosis } from '#lib/telemetry/diagnosis/evidence.ts'
import { AuthorityServer } from '#tests/support/authority-server.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { NOTES_SCHEMA } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

let world: DeviceHttp
const opened: Replica[] = []
beforeAll(async () => {
  world = await deviceHttp()
})
afterEach(async () => {
  for (const replica of opened.splice(0)) await replica.close()
  world.clock.aheadMs = 0
})
afterAll(() => world.close())

async function device(
  fleet: TestFleet,
  options: Parameters<DeviceHttp['replica']>[0] = {},
): Promise<Replica> {
  const replica = await world.replica(options, fleet)
  opened.push(replica)
  return replica
}
async function diagnosis(fleet: TestFleet, deviceId: string): Promise<Diagnosis> {
  const path = `/devices/${deviceId}/diagnosis?fleet=${fleet.fleetId}`
  const answer = await world.admin('GET', path, undefined, 'viewer')
  expect(answer.status).toBe(200)
  return (await answer.json()) as Diagnosis
}
const command = (fleet: TestFleet, replica: Replica, body: object) =>
  world.admin('POST', `/devices/${replica.deviceId}/commands?fleet=${fleet.fleetId}`, body)
const collectionOf = async (fleet: TestFleet, body: JsonObject): Promise<string> =>
  (await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })).id
const checkOf = ({ checks }: Diagnosis, name: string) => checks.find((check) => check.name === name)?.state
const textOf = ({ evidence }: Diagnosis): string =>
  evidence.map(({ text, detail }) => `${text} (${detail ?? ''})`).join('\n')
const linksOf = ({ evidence }: Diagnosis) => evidence.flatMap(({ link }) => (link ? [link.target] : []))
const note = (replica: Replica) => replica.collection('notes').put(null, { title: 'a note' })
/** A network that lets only these paths through. */
const only =
  (passes: (path: string) => boolean): typeof fetch =>
  (input, init) =>
    passes(new URL(String(input)).pathname)
      ? fetch(input, init)
      : Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }))

/** A collection `orders` of the fleet behind an authority. */
async function orders(fleet: TestFleet) {
  const authority = await AuthorityServer.open()
  const body = {
    name: 'orders',
    strategy: 'lww',
    schema: NOTES_SCHEMA,
    authority: { url: authority.url, timeoutMs: 1_000 },
  }
  await collectionOf(fleet, body)
  return { authority }
}

describe('why a device is stuck, over HTTP and PostgreSQL, each by a real SDK device', () => {
  it('healthy: it is heard, its sessions end well, nothing waits', async () => {
    const fleet = await world.fleetWith({})
    const replica = await device(fleet)
    await note(replica)
    await replica.sync()
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'healthy', level: 'ok', sentence: 'tablet is in sync' })
    expect(found.next).toMatchObject({ title: 'Nothing to do', action: null })
    expect(linksOf(found)).toMatchObject([{ page: 'session' }])
    for (const name of ['Network', 'Clock', 'Token', 'App version', 'Storage', 'Breakers'])
      expect([name, checkOf(found, name)]).toEqual([name, 'ruled_out'])
    expect(checkOf(found, 'Server')).toBe('not_known')
  })

  it('not known: it enrolled a moment ago and has told nothing', async () => {
    const fleet = await world.fleetWith({})
    const replica = await device(fleet, { fetch: only((path) => path.endsWith('/enroll')) })
    await replica.sync()
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'not_known', level: 'unk' })
    expect(textOf(found)).toContain('What waits on it is not known')
    expect(found.next.action).toMatchObject({ kind: 'command', type: 'diagnostics' })
    expect(checkOf(found, 'Token')).toBe('not_known')
  })

  it('never enrolled properly: it got a credential, and nothing came after that', async () => {
    const fleet = await world.fleetWith({})
    const replica = await device(fleet, { fetch: only((path) => path.endsWith('/enroll')) })
    await replica.sync()
    world.clock.aheadMs = 10 * MINUTE_MS
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'never_enrolled', level: 'warn' })
    expect(found.sentence).toMatch(/^tablet enrolled 10 min \d\d s ago and never synced$/)
    expect(textOf(found)).toContain('No report and no session of it came since')
    expect(found.next.action).toMatchObject({ kind: 'command', type: 'revoke' })
  })

  it('revoked: by an operator, with what it had not sent', async () => {
    const fleet = await world.fleetWith({})
    const replica = await device(fleet)
    await replica.sync()
    await command(fleet, replica, { type: 'revoke', reason: 'stolen' })
    await note(replica)
    expect(await replica.sync()).toMatchObject({ state: 'halted' })
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'revoked', sentence: 'tablet is revoked' })
    expect(found.next.action).toMatchObject({
      kind: 'link',
      target: { page: 'sessions', deviceId: replica.deviceId },
    })
    expect(checkOf(found, 'Token')).toBe('suspect')
  })

  it('paused: by an operator, its changes waiting; resumed it goes on', async () => {
    const fleet = await world.fleetWith({})
    const replica = await device(fleet)
    await replica.sync()
    await command(fleet, replica, { type: 'pause' })
    await note(replica)
    await replica.sync()
    world.clock.aheadMs = 5 * MINUTE_MS
    await replica.sync()
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'paused', level: 'held' })
    expect(found.sentence).toContain('its 1 change is safe and waits on it')
    expect(found.next.action).toEqual({ kind: 'command', label: 'Resume', type: 'resume' })
    await command(fleet, replica, { type: 'resume' })
    expect((await diagnosis(fleet, replica.deviceId)).verdict).not.toBe('paused')
  })

  it('app version refused: the fleet serves it no longer, and its silence is not taken for the cause', async () => {
    const fleet = await world.fleetWith({})
    const replica = await device(fleet)
    await replica.sync()
    const answer = await world.admin(
      'PATCH',
      `/fleets/${fleet.fleetId}`,
      { settings: { minAppVersion: '2.0' } },
      'admin',
    )
    expect(answer.status).toBe(200)
    await note(replica)
    expect(await replica.sync()).toMatchObject({ state: 'halted', problem: 'app_version_refused' })
    world.clock.aheadMs = 3 * 60 * MINUTE_MS
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'app_version_refused', level: 'crit' })
    expect(found.sentence).toContain('tablet runs 1.2.0, which is no longer served')
    expect(linksOf(found)).toContainEqual({ page: 'devices', appVersion: '1.2.0' })
    expect(found.next).toMatchObject({ title: 'Update the app on it', action: { kind: 'link' } })
    expect(checkOf(found, 'App version')).toBe('suspect')
  })

  it('offline since: no contact for longer than the fleet allows', async () => {
    const fleet = await world.fleetWith({})
    let isUp = true
    const replica = await device(fleet, { fetch: (input, init) => only(() => isUp)(input, init) })
    await replica.sync()
    isUp = false
    await note(replica)
    await replica.sync()
    expect((await diagnosis(fleet, replica.deviceId)).verdict).toBe('healthy')
    world.clock.aheadMs = 3 * 60 * MINUTE_MS
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'offline', level: 'unk' })
    expect(found.sentence).toBe('tablet has been silent for 3 h 00 min')
    expect(found.next).toMatchObject({
      title: 'Leave it; it syncs by itself when it is back',
      action: { kind: 'link', target: { page: 'session' } },
    })
    expect(found.next.detail).toContain('What it made since its last contact is not known')
    expect(checkOf(found, 'Network')).toBe('suspect')
  })

  it('breaker open: of its fleet, though the device itself can no longer tell', async () => {
    const fleet = await world.fleetWith({})
    const replica = await device(fleet)
    await replica.sync()
    const scope = fleetScope(fleet.fleetId)
    const fail = () => world.app.ctx.breakers.call(scope, () => Promise.reject(new Error('down')))
    vi.spyOn(world.app.ctx.log, 'warn').mockReturnValue(undefined)
    for (let i = 0; i < 25; i++) await fail().catch(() => undefined)
    await note(replica)
    expect(await replica.sync()).toMatchObject({ state: 'shed', problem: 'breaker_open', pending: 1 })
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'breaker_open', level: 'held' })
    expect(found.sentence).toBe('tablet is held by the open breaker of its fleet')
    expect(textOf(found)).toContain(`scope ${scope}`)
    expect(found.next.title).toBe('Leave it; it drains by itself when the breaker closes')
    expect(checkOf(found, 'Breakers')).toBe('suspect')
    world.app.ctx.breakers.forget(fleet.fleetId)
    world.clock.aheadMs = 5 * MINUTE_MS
    expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
    expect((await diagnosis(fleet, replica.deviceId)).verdict).toBe('healthy')
  })

  it('breaker open: of the backend of one collection, for who has changes there alone', async () => {
    const fleet = await world.fleetWith({})
    const { authority } = await orders(fleet)
    const [replica, beside] = [await device(fleet), await device(fleet)]
    await beside.sync()
    authority.answer = () => ({ status: 500 })
    vi.spyOn(world.app.ctx.log, 'warn').mockReturnValue(undefined)
    for (let i = 0; i < 24; i++) {
      await replica.collection('orders').put(null, { title: `order ${i}` })
      await replica.sync()
    }
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'breaker_open', level: 'held' })
    expect(found.sentence).toBe(
      'tablet is held by the open breaker of orders authority; its 24 changes are safe and wait on it',
    )
    const target = { page: 'breaker', scope: `backend:${fleet.fleetId}:orders` }
    expect(linksOf(found)).toContainEqual(target)
    expect(found.next).toMatchObject({ action: { target } })
    const other = await diagnosis(fleet, beside.deviceId)
    expect([other.verdict, checkOf(other, 'Breakers')]).toEqual(['healthy', 'ruled_out'])
    await authority.close()
  })

  it('token expired and waiting for admission: its place, and when its turn comes', async () => {
    const fleet = await world.fleetWith({ fullSyncs: { perMinute: 1, burst: 1 } })
    const writer = await world.device(fleet)
    await writer.pushed(Array.from({ length: 500 }, () => writer.mutation()))
    await writer.pushed([writer.mutation()])
    const replica = await device(fleet)
    await replica.sync()
    world.clock.aheadMs = 31 * DAY_MS
    const others = [await world.device(fleet), await world.device(fleet)]
    for (const other of others) await other.pulled()
    expect(await replica.sync()).toMatchObject({ state: 'idle', resyncPlace: 1 })
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'waiting_for_admission', level: 'held' })
    expect(found.sentence).toBe('tablet waits for its turn to read everything anew: its sync token expired')
    expect(textOf(found)).toMatch(/1 device before it in the fleet's line \(its turn comes in (2 min|1 min)/)
    expect(linksOf(found)).toMatchObject([{ page: 'session' }])
    expect(found.next.endsAtMs).toBeGreaterThan(Date.now() + 31 * DAY_MS)
    world.clock.aheadMs += 3 * MINUTE_MS
    await replica.sync()
    expect((await diagnosis(fleet, replica.deviceId)).verdict).toBe('healthy')
  })

  it('poison at the head of its queue: one change fails each time, the others go on', async () => {
    const fleet = await world.fleetWith({})
    const { authority } = await orders(fleet)
    const replica = await device(fleet)
    authority.answer = ({ body }) =>
      body.mutations.some(({ op }) => JSON.stringify(op).includes('poison'))
        ? { status: 500 }
        : { body: { decisions: body.mutations.map(({ id }) => ({ id, decision: 'accept' })) } }
    const { mutationId } = await replica.collection('orders').put(null, { title: 'poison' })
    for (let i = 0; i < 3; i++) {
      await note(replica)
      await replica.sync()
      world.clock.aheadMs += 10_000
    }
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'poison', level: 'warn' })
    expect(found.sentence).toBe('A change of tablet failed 3 times and is tried again')
    expect(textOf(found)).toContain(`Change ${mutationId.slice(0, 8)} was tried 3 times`)
    expect(found.next).toMatchObject({ action: { kind: 'link', target: { page: 'session' } } })
    authority.accept()
    world.clock.aheadMs += 10_000
    await replica.sync()
    expect((await diagnosis(fleet, replica.deviceId)).verdict).toBe('healthy')
    await authority.close()
  })

  it('told to wait: it was refused for a pause that is over, and waits as long as it was told', async () => {
    const fleet = await world.fleetWith({})
    const replica = await device(fleet)
    await replica.sync()
    await command(fleet, replica, { type: 'pause' })
    await note(replica)
    for (let i = 0; i < 2; i++) {
      await replica.sync()
      world.clock.aheadMs += 5 * MINUTE_MS
    }
    await replica.sync()
    await command(fleet, replica, { type: 'resume' })
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'told_to_wait', level: 'held' })
    expect(found.sentence).toContain('tablet was told by the server to wait; its 1 change is safe')
    expect(found.next.title).toBe('Leave it; it tries again by itself')
    for (let i = 0; i < 2; i++) {
      world.clock.aheadMs += 5 * MINUTE_MS
      await replica.sync()
    }
    expect((await diagnosis(fleet, replica.deviceId)).verdict).toBe('healthy')
  })

  it('failing: it is heard, and none of its sessions ends well; afterwards it tells why', async () => {
    const fleet = await world.fleetWith({})
    let isBad = false
    const replica = await device(fleet, {
      fetch: (input, init) =>
        isBad && new URL(String(input)).pathname.endsWith('/pull')
          ? Promise.resolve(new Response('bad gateway', { status: 502 }))
          : fetch(input, init),
    })
    await replica.sync()
    isBad = true
    for (let i = 0; i < 3; i++) {
      world.clock.aheadMs += 2 * MINUTE_MS
      await note(replica)
      await replica.sync()
    }
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'failing', level: 'warn' })
    expect(found.sentence).toMatch(/^tablet begins sessions, and ended none well for [67] min/)
    expect(textOf(found)).toContain('It was pushing when it was last heard')
    expect(found.next.action).toMatchObject({ kind: 'command', type: 'diagnostics' })
    isBad = false
    world.clock.aheadMs += 10 * MINUTE_MS
    await replica.sync()
    expect((await diagnosis(fleet, replica.deviceId)).verdict).toBe('healthy')
    const failed = `/sessions?fleet=${fleet.fleetId}&q=${encodeURIComponent(`device:${replica.deviceId} result:failed`)}&to=${Date.now() + DAY_MS}`
    expect(await (await world.admin('GET', failed)).text()).toContain('"status":502')
  })

  it('server slow: what it asks takes long on the server, not on the way', async () => {
    const fleet = await world.fleetWith({})
    const { authority } = await orders(fleet)
    const replica = await device(fleet)
    await replica.sync()
    authority.answer = ({ body }) => {
      world.clock.aheadMs += 7_000
      return { body: { decisions: body.mutations.map(({ id }) => ({ id, decision: 'accept' })) } }
    }
    for (let i = 0; i < 4; i++) {
      await replica.collection('orders').put(null, { title: `order ${i}` })
      await replica.sync()
    }
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'server_slow', level: 'warn' })
    expect(found.sentence).toMatch(/^The server answers tablet slowly: [\d.]+ s a push$/)
    expect(textOf(found)).toMatch(/Half of its last 4 push requests took [\d.]+ s or more/)
    expect(found.next.action).toMatchObject({ target: { page: 'overview' } })
    await authority.close()
  })

  it('backlog larger than its rate: the fleet lets it send less than it has in time', async () => {
    const fleet = await world.fleetWith({
      rateLimits: { devicePerMinute: 3, fleetPerMinute: 1_000 },
      thresholds: { queueWarn: 5, oldestWarnMs: 10_000 },
    })
    const replica = await device(fleet)
    await replica.sync()
    world.clock.aheadMs = 5 * MINUTE_MS
    // Some 15 of them are a push, and three requests are let through.
    for (let i = 0; i < 60; i++)
      await replica.collection('notes').put(null, { title: 'long '.repeat(13_000) })
    expect((await replica.sync()).pending).toBeGreaterThan(5)
    world.clock.aheadMs += 40_000
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'backlog', level: 'warn' })
    expect(found.sentence).toMatch(/^tablet has [\d,]+ changes to send and needs [\w ]+ for them$/)
    expect(textOf(found)).toMatch(/[\d,]+ an hour go out \(over the last \d+ s\)/)
    expect(textOf(found)).toContain('the limit is 5')
    expect(found.next.endsAtMs).toBeGreaterThan(Date.now() + world.clock.aheadMs)
    expect(found.next.action).toMatchObject({ target: { page: 'sessions', deviceId: replica.deviceId } })
  })

  it('clock off: it syncs by the measured offset, and is told apart from a right one', async () => {
    const fleet = await world.fleetWith({})
    const replica = await device(fleet, { clock: { ...systemClock, now: () => Date.now() + 10 * MINUTE_MS } })
    await note(replica)
    await replica.sync()
    await replica.sync()
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'clock_off', level: 'warn' })
    expect(found.sentence).toMatch(/^tablet's clock is (10 min 0\d|9 min 5\d) s ahead$/)
    expect(found.next).toMatchObject({ title: 'Have its clock set', action: { type: 'diagnostics' } })
    expect(checkOf(found, 'Clock')).toBe('suspect')
  })

  it('waiting for a person: a conflict of its own is open, and later edits wait', async () => {
    const fleet = await world.fleetWith({})
    await collectionOf(fleet, { name: 'forms', strategy: 'manual', schema: true })
    const [one, two] = [await device(fleet), await device(fleet)]
    const { recordId } = await one.collection('forms').put(null, { v: 0 })
    await one.sync()
    await two.sync()
    await one.collection('forms').put(recordId, { v: 1 })
    await one.sync()
    await two.collection('forms').put(recordId, { v: 2 })
    await two.sync()
    await two.collection('forms').patch(recordId, { set: { later: true } })
    await two.sync()
    const found = await diagnosis(fleet, two.deviceId)
    expect(found).toMatchObject({ verdict: 'waiting_for_person', level: 'held' })
    expect(found.sentence).toBe('A conflict of tablet waits for a person')
    expect(found.next.detail).toContain('later edits of that record wait on it')
    expect(found.next.action).toMatchObject({ kind: 'link', target: { page: 'session' } })
    expect((await diagnosis(fleet, one.deviceId)).verdict).toBe('healthy')
  })

  it('held by a dead letter: what stands behind it is told, its queue is free', async () => {
    const fleet = await world.fleetWith({})
    const { authority } = await orders(fleet)
    const replica = await device(fleet)
    const { recordId } = await replica.collection('orders').put(null, { title: 'an order' })
    await replica.sync()
    authority.answer = ({ body }) => ({
      body: {
        decisions: body.mutations.map(({ id, op }) =>
          JSON.stringify(op).includes('unknown')
            ? { id, decision: 'refuse', message: 'the customer is unknown' }
            : { id, decision: 'accept' },
        ),
      },
    })
    await replica.collection('orders').patch(recordId, { set: { title: 'unknown' } })
    await replica.collection('orders').patch(recordId, { set: { '/count': 1 } })
    expect(await replica.sync()).toMatchObject({ pending: 0 })
    await authority.close()
    const letters = await world.storage.deadLetters.list(
      fleet.fleetId,
      {
        conditions: [
          asks('status', 'open'),
          asks('device', replica.deviceId),
          asks('code', 'authority_refused'),
        ],
      },
      { limit: 5, cursor: null },
    )
    const found = await diagnosis(fleet, replica.deviceId)
    expect(found).toMatchObject({ verdict: 'dead_letter', level: 'warn' })
    expect(found.sentence).toBe('2 changes of tablet are dead letters, 1 of them behind another')
    expect(textOf(found)).toContain('orders: the customer is unknown (authority_refused')
    expect(textOf(found)).toContain('1 edit held behind')
    const target = { page: 'dead-letter', id: letters.items[0]?.id }
    expect(found.next.action).toMatchObject({ kind: 'link', target })
  })

  it('is for viewers of the fleet, and for no one else', async () => {
    const fleet = await world.fleetWith({})
    const replica = await device(fleet)
    await replica.sync()
    const elsewhere = await world.fleetWith({})
    const path = (id: string, { fleetId }: TestFleet) => `/devices/${id}/diagnosis?fleet=${fleetId}`
    expect((await world.admin('GET', path(replica.deviceId, elsewhere))).status).toBe(404)
    expect((await fetch(`${world.url}/api/admin/v1${path(replica.deviceId, fleet)}`)).status).toBe(401)
  })
})
