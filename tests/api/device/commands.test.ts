import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pollHeads } from '#lib/application/sync/poll-heads.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { WireCommand } from '#lib/protocol/command.ts'
import { COMMANDS_PENDING_MAX } from '#lib/protocol/command.ts'
import type { TestDevice } from '#tests/support/device-world.ts'
import { bodyOf, newUuid, send } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const told = (response: Response): WireCommand[] =>
  JSON.parse(response.headers.get('tidemark-commands') ?? 'null') as WireCommand[]
const command = (device: TestDevice, body: object, role?: 'viewer' | 'operator') =>
  world.admin('POST', `/devices/${device.id}/commands?fleet=${device.fleetId}`, body, role)
const heartbeat = (device: TestDevice, ackCommands: readonly string[] = []) =>
  device.send('POST', '/api/v1/heartbeat', { body: { report: { ...device.report(), ackCommands } as never } })
const outcome = async (response: Response) => [response.status, (await bodyOf(response))['code']]

describe('commands over HTTP and PostgreSQL', () => {
  it('[CM1] tells a command with every authenticated answer until the report acknowledges it', async () => {
    const device = await world.device()
    const issued = await command(device, { type: 'resync', reason: 'looks wrong' })
    expect(issued.status).toBe(201)
    const { id, ...rest } = await bodyOf(issued)
    expect(rest).toMatchObject({ type: 'resync', reason: 'looks wrong', acknowledgedAtMs: null })
    const expected = [{ id, type: 'resync' }]
    const push = await device.push(device.pushBody([device.mutation()]))
    expect(told(push)).toEqual(expected)
    expect(told(await device.send('GET', '/api/v1/pull'))).toEqual(expected)
    expect(told(await device.send('GET', '/api/v1/config'))).toEqual(expected)
    expect(told(await heartbeat(device))).toEqual(expected)
    const refused = await device.push('{}')
    expect([refused.status, told(refused)]).toEqual([400, expected])
    const other = await world.device()
    expect(told(await heartbeat(other))).toEqual([])

    expect(told(await heartbeat(device, [id as string, newUuid()]))).toEqual([])
    expect(told(await device.push(device.pushBody([])))).toEqual([])
    const shown = await bodyOf(await world.admin('GET', `/devices/${device.id}?fleet=${device.fleetId}`))
    expect(shown['commands']).toMatchObject([{ id, acknowledgedAtMs: expect.any(Number) }])
  })

  it('[CM1] takes the acknowledgement of a push and of a pull, each again without harm', async () => {
    const device = await world.device()
    for (const way of ['push', 'pull'] as const) {
      const { id } = await bodyOf(await command(device, { type: 'resync' }))
      const report = { ...device.report(), ackCommands: [id as string] }
      const body = device.pushBody([], { report: report as never })
      const once = (): Promise<Response> =>
        way === 'push'
          ? device.push(body)
          : device.send('GET', '/api/v1/pull', { headers: { 'tidemark-report': JSON.stringify(report) } })
      expect([told(await once()), told(await once())]).toEqual([[], []])
    }
  })

  it('[CM1] knows a command by the id that its caller made, refuses too many, and lets them expire', async () => {
    const device = await world.device()
    const id = newUuid()
    const first = await bodyOf(await command(device, { type: 'resync', id, expiresInMs: 60_000 }))
    expect(await bodyOf(await command(device, { type: 'resync', id, expiresInMs: 60_000 }))).toEqual(first)
    expect(told(await heartbeat(device))).toHaveLength(1)
    for (let n = 1; n < COMMANDS_PENDING_MAX; n++)
      await command(device, { type: 'rotate', expiresInMs: 60_000 })
    expect(await outcome(await command(device, { type: 'rotate' }))).toEqual([409, 'too_many_commands'])
    world.clock.aheadMs = 61_000
    try {
      expect(told(await heartbeat(device))).toEqual([])
      expect((await command(device, { type: 'rotate' })).status).toBe(201)
    } finally {
      world.clock.aheadMs = 0
    }
  })

  it('[CM1] asks for a role, a reason for a revocation, and a device that is there', async () => {
    const device = await world.device()
    expect(await outcome(await command(device, { type: 'pause' }, 'viewer'))).toEqual([403, 'forbidden'])
    expect(await outcome(await command(device, { type: 'revoke' }))).toEqual([400, 'bad_request'])
    expect(await outcome(await command(device, { type: 'explode' }))).toEqual([400, 'bad_request'])
    const nobody = { id: newUuid(), fleetId: device.fleetId } as TestDevice
    expect(await outcome(await command(nobody, { type: 'pause' }))).toEqual([404, 'not_found'])
    await command(device, { type: 'pause', reason: 'at the desk' })
    const { items } = await bodyOf(await world.admin('GET', '/audit?action=device.pause', undefined, 'admin'))
    expect((items as object[])[0]).toMatchObject({ target: device.id, reason: 'at the desk' })
  })

  it('[CM1] answers a paused device 403 with Retry-After, hears its heartbeat, and tells it when to go on', async () => {
    const device = await world.device()
    const { id: pause } = await bodyOf(await command(device, { type: 'pause' }))
    for (const response of [
      await device.push(device.pushBody([device.mutation()])),
      await device.send('GET', '/api/v1/pull'),
      await heartbeat(device),
    ]) {
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(told(response)).toEqual([{ id: pause, type: 'pause' }])
      expect(await outcome(response)).toEqual([403, 'device_paused'])
    }
    expect(told(await heartbeat(device, [pause as string]))).toEqual([])
    const { id: resume } = await bodyOf(await command(device, { type: 'resume' }))
    const after = await heartbeat(device)
    expect([after.status, told(after)]).toEqual([200, [{ id: resume, type: 'resume' }]])
  })

  it('[CM1] answers a revoked device 401, and no command brings it back', async () => {
    const device = await world.device()
    const revoked = await command(device, { type: 'revoke', reason: 'lost' })
    expect([revoked.status, await bodyOf(revoked)]).toMatchObject([201, { deviceStatus: 'revoked' }])
    expect(await outcome(await device.push(device.pushBody([])))).toEqual([401, 'device_revoked'])
    expect(await outcome(await heartbeat(device))).toEqual([401, 'device_revoked'])
    expect(await outcome(await command(device, { type: 'resume' }))).toEqual([409, 'device_is_revoked'])
  })

  it('[CM1] tells commands by the event stream, once each, also those of another process', async () => {
    const device = await world.device()
    const waiting = (await bodyOf(await command(device, { type: 'resync' })))['id']
    const elsewhere = await world.another()
    const stream = await device.at(elsewhere).send('GET', '/api/v1/events')
    const { read, end } = reader(stream)
    expect(await read()).toEqual({ id: waiting, type: 'resync' })
    const { id } = await bodyOf(await command(device, { type: 'rotate' }))
    await pollHeads(elsewhere.ctx)
    await pollHeads(elsewhere.ctx)
    expect(await read()).toEqual({ id, type: 'rotate' })
    const { id: last } = await bodyOf(await command(device, { type: 'send_diagnostics' }))
    await pollHeads(elsewhere.ctx)
    expect(await read()).toEqual({ id: last, type: 'send_diagnostics' })
    await end()
  })

  it('[EV3] ends the stream of a device that is revoked, or may read other things, in every process', async () => {
    const elsewhere = await world.another()
    const streamOf = async (device: TestDevice) => {
      const stream = await device.at(elsewhere).send('GET', '/api/v1/events')
      return (stream.body as ReadableStream<Uint8Array>).getReader()
    }
    const hasEnded = async (stream: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> => {
      for (;;) {
        const next = await Promise.race([stream.read(), sleep(300, null)])
        if (next === null || next.done) return next !== null
      }
    }
    const [lost, paused, other] = [await world.device(), await world.device(), await world.device()]
    const streams = [await streamOf(lost), await streamOf(paused), await streamOf(other)] as const
    await command(lost, { type: 'revoke', reason: 'lost' })
    await command(paused, { type: 'pause' })
    await pollHeads(elsewhere.ctx)
    expect(await Promise.all(streams.map(hasEnded))).toEqual([true, false, false])
    const standing = { status: 'active', access: { notes: 'read' } } as const
    elsewhere.ctx.pokes.tell(other.fleetId, { event: 'standings', of: new Map([[other.id, standing]]) })
    expect(await Promise.all(streams.slice(1).map(hasEnded))).toEqual([false, true])
    for (const stream of streams) await stream.cancel()
  })

  it('[EV3] tells a paused device that it is resumed, on the stream that it had and on one that it opens', async () => {
    const elsewhere = await world.another()
    const device = await world.device()
    const had = reader(await device.at(elsewhere).send('GET', '/api/v1/events'))
    const { id: pause } = await bodyOf(await command(device, { type: 'pause' }))
    await pollHeads(elsewhere.ctx)
    expect(await had.read()).toEqual({ id: pause, type: 'pause' })
    const opened = reader(await device.send('GET', '/api/v1/events'))
    expect(await opened.read()).toEqual({ id: pause, type: 'pause' })
    const { id: resume } = await bodyOf(await command(device, { type: 'resume' }))
    await pollHeads(elsewhere.ctx)
    for (const { read, end } of [had, opened]) {
      expect(await read()).toEqual({ id: resume, type: 'resume' })
      await end()
    }
  })

  it('rotates a token, and the old one stays good for a day', async () => {
    const device = await world.device()
    const rotated = await device.send('POST', '/api/v1/token/rotate')
    const { token } = await bodyOf(rotated)
    const config = (bearer: string) => send(world.app, 'GET', '/api/v1/config', { token: bearer })
    expect([(await config(device.token)).status, (await config(token as string)).status]).toEqual([200, 200])
    world.clock.aheadMs = 86_400_000 + 2_000
    try {
      expect([(await config(device.token)).status, (await config(token as string)).status]).toEqual([
        401, 200,
      ])
    } finally {
      world.clock.aheadMs = 0
    }
  })
})

describe('diagnostics over HTTP and PostgreSQL', () => {
  const list = (device: TestDevice, more = '', role?: 'viewer' | 'operator') =>
    world.admin('GET', `/devices/${device.id}/diagnostics${more}?fleet=${device.fleetId}`, undefined, role)

  it('keeps the last five of a device for operators, as they came', async () => {
    const device = await world.device()
    const commandId = newUuid()
    for (let n = 0; n < 7; n++) {
      const body = { commandId, n, text: 'a \\u0000 b \u0000', list: [1, { deep: null }] }
      const sent = await device.send('POST', '/api/v1/diagnostics', { body })
      expect([sent.status, isJsonObject(await bodyOf(sent))]).toEqual([201, true])
    }
    const { items } = await bodyOf(await list(device))
    const rows = items as { id: string; bytes: number }[]
    expect(rows).toHaveLength(5)
    const paged = await world.admin(
      'GET',
      `/devices/${device.id}/diagnostics?fleet=${device.fleetId}&limit=2&cursor=${rows[2]?.id}`,
    )
    expect(await bodyOf(paged)).toEqual({ items: rows.slice(3), nextCursor: null, total: 5 })
    const newest = await bodyOf(await list(device, `/${rows[0]?.id}`))
    expect(newest).toMatchObject({
      commandId,
      appVersion: '1.2.0',
      body: { n: 6, text: 'a \\u0000 b \u0000' },
    })
    expect((await list(device, '', 'viewer')).status).toBe(403)
    expect((await list(device, `/${newUuid()}`)).status).toBe(404)
    expect((await list(await world.device(), `/${rows[0]?.id}`)).status).toBe(404)
  })

  it('refuses more than 1 MiB', async () => {
    const device = await world.device()
    const sent = await device.send('POST', '/api/v1/diagnostics', { body: { text: 'x'.repeat(1024 * 1024) } })
    expect(await outcome(sent)).toEqual([413, 'body_too_large'])
  })

  it('takes those of a paused device', async () => {
    const device = await world.device()
    await command(device, { type: 'pause' })
    expect((await device.send('POST', '/api/v1/diagnostics', { body: {} })).status).toBe(201)
  })
})

describe('a command to many devices', () => {
  const many = (fleetId: string, body: object, role?: 'viewer' | 'operator') =>
    world.admin('POST', `/devices/commands?fleet=${fleetId}`, { reason: 'too many at once', ...body }, role)
  const waiting = async (device: TestDevice) =>
    (await bodyOf(await world.admin('GET', `/devices/${device.id}?fleet=${device.fleetId}`)))['commands']

  it('[CM1] tells all that match, leaves out the revoked, and a repeat tells none twice', async () => {
    const fleet = await world.fleetWith({})
    const devices = await Promise.all([world.device(fleet), world.device(fleet), world.device(fleet)])
    const [first, second, third] = devices as [TestDevice, TestDevice, TestDevice]
    await command(third, { type: 'revoke', reason: 'lost' })
    const body = { type: 'resync', q: '', count: 3, id: newUuid() }
    const answer = { id: body.id, told: 2, already: 0, revoked: 1, foreign: 0, full: 0 }
    for (const again of [await many(fleet.fleetId, body), await many(fleet.fleetId, body)])
      expect([again.status, await bodyOf(again)]).toEqual([200, answer])
    for (const device of [first, second]) {
      expect(told(await heartbeat(device))).toMatchObject([{ type: 'resync' }])
      expect(await waiting(device)).toMatchObject([{ type: 'resync', reason: 'too many at once' }])
    }
    expect(told(await heartbeat(first))[0]?.id).not.toBe(told(await heartbeat(second))[0]?.id)
    const audit = await world.admin('GET', `/audit?fleet=${fleet.fleetId}`, undefined, 'admin')
    const actions = (await bodyOf(audit))['items'] as { action: string; target: string }[]
    expect(
      actions.filter(({ action }) => action === 'device.resync').map(({ target }) => target),
    ).toHaveLength(2)
  })

  it('pauses all of a filter, though a device that is paused may match it no longer', async () => {
    const fleet = await world.fleetWith({})
    const devices = await Promise.all([world.device(fleet), world.device(fleet)])
    const asked = { type: 'pause', q: 'platform:ios', count: 2, id: newUuid() }
    expect(await bodyOf(await many(fleet.fleetId, asked))).toMatchObject({ told: 2 })
    for (const device of devices)
      expect(await outcome(await device.push(device.pushBody([])))).toEqual([403, 'device_paused'])
  })

  it('refuses what nobody meant: another count, a revocation, no reason, a viewer', async () => {
    const fleet = await world.fleetWith({})
    const device = await world.device(fleet)
    const sound = { type: 'resync', q: '', count: 1, id: newUuid() }
    const refused = async (body: object, role?: 'viewer') => outcome(await many(fleet.fleetId, body, role))
    const other = await many(fleet.fleetId, { ...sound, count: 2 })
    expect(other.status).toBe(409)
    expect(await bodyOf(other)).toMatchObject({ code: 'count_changed', matched: 1 })
    expect(await refused({ ...sound, type: 'revoke' })).toEqual([400, 'bad_request'])
    expect(await refused({ ...sound, reason: ' ' })).toEqual([400, 'bad_request'])
    expect(await refused({ ...sound, q: 'colour:red' })).toEqual([400, 'bad_request'])
    expect(await refused({ ...sound, id: undefined })).toEqual([400, 'bad_request'])
    expect(await refused(sound, 'viewer')).toEqual([403, 'forbidden'])
    expect(await waiting(device)).toEqual([])
  })
})

/** Reads the `command` events of a stream, one at a time. */
function reader(stream: Response): { read: () => Promise<unknown>; end: () => Promise<void> } {
  const chunks = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const read = async (): Promise<unknown> => {
    for (;;) {
      const match = /event: command\ndata: (.*)\n\n/.exec(text)
      if (match) {
        text = text.slice(match.index + match[0].length)
        return JSON.parse(match[1] as string)
      }
      const { value, done } = (await chunks?.read()) ?? { done: true, value: undefined }
      if (done) throw new Error('the stream ended')
      text += value
    }
  }
  return { read, end: async () => chunks?.cancel() }
}
