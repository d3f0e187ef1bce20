import { createHash } from 'node:crypto'
import { bearerOf } from '#lib/application/access/credentials.ts'
import { readConfig } from '#lib/application/devices/read-config.ts'
import { DIRECTORY_FRESH_MS, DIRECTORY_PUSH_FRESH_MS } from '#lib/application/devices/directory.ts'
import { commandsAfter } from '#lib/application/devices/wire-commands.ts'
import { heartbeat } from '#lib/application/devices/heartbeat.ts'
import { storeDiagnostics } from '#lib/application/diagnostics/store-diagnostics.ts'
import { enroll } from '#lib/application/enrollment/enroll.ts'
import { rotateToken } from '#lib/application/enrollment/rotate-token.ts'
import { storeSessions } from '#lib/application/sessions/store-sessions.ts'
import { pull } from '#lib/application/sync/pull.ts'
import { push } from '#lib/application/sync/push.ts'
import { addressIn } from './address-in.ts'
import { encodedBy, encoderOf } from './compress.ts'
import type { AuthenticatedCall, DeviceAnswer, DeviceCall, DeviceRoute, OpenRoute } from './device-route.ts'
import { isHeld } from './etag.ts'
import { openEvents } from './events.ts'
import { pullQuery, reportHeader } from './pull-query.ts'
import { readJson, readJsonWithTexts } from './read-json.ts'

const json = (value: unknown, more: Partial<DeviceAnswer> = {}): DeviceAnswer => ({
  status: 200,
  body: JSON.stringify(value),
  ...more,
})

/** However long a device takes to send its body, its scopes are not slow for it. */
async function sent<T>({ pass }: DeviceCall, reading: Promise<T>): Promise<T> {
  const body = await reading
  pass.begun()
  return body
}

const bodyOf = (call: DeviceCall): Promise<unknown> => sent(call, readJson(call.request))

const enrollRoute: OpenRoute = {
  route: 'enroll',
  method: 'POST',
  freshMs: null,
  async answer(call) {
    const { ctx, request } = call
    const key = bearerOf(request.headers)
    const address = addressIn(request.headers)
    const enrolled = await enroll(ctx, { key, address, readBody: () => bodyOf(call) })
    const fleet = { epoch: enrolled.epoch, configVersion: enrolled.config.version }
    return { ...json(enrolled, { status: 201, fleet }), fleetId: enrolled.fleetId }
  },
}

async function answerConfig({ ctx, request, device }: AuthenticatedCall): Promise<DeviceAnswer> {
  const config = await readConfig(ctx, device)
  const body = JSON.stringify(config)
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`
  if (isHeld(request.headers, etag)) return { status: 304, body: null, headers: { etag } }
  return { status: 200, body, headers: { etag }, compress: true }
}

async function answerPush(call: AuthenticatedCall): Promise<DeviceAnswer> {
  const { ctx, device, app, receivedAtMs, pass } = call
  await ctx.groupCommit.readingTime(device.fleetId)
  const { value: body, texts } = await sent(call, readJsonWithTexts(call.request, 'mutations'))
  const outcome = await push(ctx, { device, app, body, texts, receivedAtMs, pass })
  const { commands, repeated } = outcome
  return { status: 200, body: outcome.body, fleet: outcome, commands, hasEvent: !repeated }
}

async function answerPull(call: AuthenticatedCall): Promise<DeviceAnswer> {
  const { ctx, request, device, fleet, app } = call
  const report = reportHeader(request.headers)
  const encoder = encoderOf(request.headers.get('accept-encoding'))
  const outcome = await pull(ctx, { ...pullQuery(request.url), device, fleet, app, report, encoder })
  const headers = { etag: outcome.etag }
  const commands = commandsAfter(device, report, ctx.clock.now())
  const { body, shut } = outcome
  if (outcome.isEmpty && isHeld(request.headers, outcome.etag))
    return { status: 304, body: null, headers, commands, shut }
  if (typeof body === 'string') return { status: 200, body, headers, commands, shut, compress: true }
  return { status: 200, body: encodedBy(encoder, body), headers, commands, shut }
}

const deviceRoute = (
  route: DeviceRoute['route'],
  method: DeviceRoute['method'],
  answer: DeviceRoute['answer'],
  changes: Partial<Pick<DeviceRoute, 'freshMs' | 'paused' | 'isStream'>> = {},
): DeviceRoute => ({
  route,
  method,
  freshMs: DIRECTORY_FRESH_MS,
  paused: 'refused',
  isStream: false,
  answer,
  ...changes,
})

/** The device API by path. */
export const DEVICE_ROUTES: ReadonlyMap<string, DeviceRoute | OpenRoute> = new Map<
  string,
  DeviceRoute | OpenRoute
>([
  ['/api/v1/enroll', enrollRoute],
  ['/api/v1/config', deviceRoute('config', 'GET', answerConfig)],
  ['/api/v1/push', deviceRoute('push', 'POST', answerPush, { freshMs: DIRECTORY_PUSH_FRESH_MS })],
  ['/api/v1/pull', deviceRoute('pull', 'GET', answerPull)],
  [
    '/api/v1/heartbeat',
    deviceRoute(
      'heartbeat',
      'POST',
      async (call) => {
        const { ctx, device, app } = call
        const { commands, ...told } = await heartbeat(ctx, { device, app, body: await bodyOf(call) })
        return json(told, { commands })
      },
      { paused: 'heard' },
    ),
  ],
  [
    '/api/v1/sessions',
    deviceRoute('sessions', 'POST', async (call) =>
      json(await storeSessions(call.ctx, { device: call.device, app: call.app, body: await bodyOf(call) })),
    ),
  ],
  [
    '/api/v1/token/rotate',
    deviceRoute('rotate', 'POST', async ({ ctx, device, tokenHash }) =>
      json(await rotateToken(ctx, device, tokenHash)),
    ),
  ],
  [
    '/api/v1/diagnostics',
    deviceRoute(
      'diagnostics',
      'POST',
      async (call) => {
        const { ctx, device, app } = call
        const { appVersion } = app
        const stored = await storeDiagnostics(ctx, { device, appVersion, body: await bodyOf(call) })
        return json(stored, { status: 201 })
      },
      { paused: 'served' },
    ),
  ],
  [
    '/api/v1/events',
    deviceRoute(
      'events',
      'GET',
      async ({ ctx, device, fleet }) => ({
        status: 200,
        body: openEvents(ctx, device, fleet),
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' },
      }),
      { paused: 'served', isStream: true },
    ),
  ],
])
