import { createHmac } from 'node:crypto'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Context } from '#lib/application/context.ts'
import { createContext } from '#lib/application/create-context.ts'
import { EgressGuard } from '#lib/application/egress/egress-guard.ts'
import { createEgress } from '#lib/application/egress/post-json.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { createFleet } from '#lib/application/fleets/create-fleet.ts'
import { hearOthers } from '#lib/application/sync/hear-others.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import { mayReadMetrics } from '#lib/http/may-read-metrics.ts'
import { metricsHandler } from '#lib/http/metrics.ts'
import type { Router } from '#lib/http/router.ts'
import { createRouter } from '#lib/http/router.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { EnrollResponse } from '#lib/protocol/device.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { PullResponse } from '#lib/protocol/pull.ts'
import type { PushResponse } from '#lib/protocol/push.ts'
import type { Access, Storage } from '#lib/storage/ports.ts'
import { breaches } from './by-contract.ts'

export const ORIGIN = 'http://tidemark.test'
export const NOTES_SCHEMA: JsonObject = {
  type: 'object',
  required: ['title'],
  properties: { title: { type: 'string' }, count: { type: 'integer' } },
}

/** One process of the application over a storage: what a request meets, without a socket. */
export interface TestApp {
  readonly ctx: Context
  readonly router: Router
  /** Where it listens; without it a request goes straight to the router. */
  readonly url?: string
}

/** What an operator allows whose authority runs beside the server. */
export const LOOPBACK_EGRESS = createEgress(new EgressGuard(['127.0.0.1']))

export const newUuid = (): string => uuidv7(Date.now(), Math.random)

/** `onError` gets the message of what is logged as our own fault; by default it shows. */
export function testApp(
  storage: Storage,
  onError: (message: string) => void = console.error,
  clock: { now(): number } = { now: Date.now },
): TestApp {
  const secret = Buffer.alloc(32, 7)
  const ctx = createContext({
    storage,
    clock,
    random: Math.random,
    ids: newUuid,
    secret,
    mac: (bytes) => createHmac('sha256', secret).update(bytes).digest(),
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (message, fields) => onError(`${message} ${JSON.stringify(fields)}`),
    },
    egress: LOOPBACK_EGRESS,
    metrics: createMetrics(),
    processId: newUuid(),
    processName: 'test',
    origin: 'http://127.0.0.1:3000',
  })
  // Ends with the storage.
  hearOthers(ctx)
  const metrics = metricsHandler(ctx.metrics, mayReadMetrics(ctx, false))
  return { ctx, router: createRouter({ ctx, metrics, isDraining: () => false }) }
}

export interface TestFleet {
  readonly fleetId: string
  readonly key: string
}

/** A fleet with the collection `notes` (field-merge) and one enrollment key. */
export async function testFleet(
  { ctx }: TestApp,
  access?: Access,
  settings: JsonObject = {},
): Promise<TestFleet> {
  const { id: fleetId } = await createFleet(ctx, {
    actor: SYSTEM,
    body: { name: `fleet ${newUuid()}`, settings },
  })
  const notes = { name: 'notes', strategy: 'field-merge', schema: NOTES_SCHEMA }
  await createCollection(ctx, { actor: SYSTEM, fleetId, body: notes })
  const body = { name: 'test', ...(access && { access }) }
  const { key } = await createEnrollmentKey(ctx, { actor: SYSTEM, fleetId, body })
  return { fleetId, key }
}

export interface Sent {
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** Sends a request, and holds the answer to the published contract. */
export async function send(app: TestApp, method: string, path: string, sent: Sent = {}): Promise<Response> {
  const answer = await sendBy(app, method, path, sent)
  // Without a socket nobody has decoded what the server compressed.
  const isEncoded = app.url === undefined && answer.headers.has('content-encoding')
  if (method === 'OPTIONS' || isEncoded) return answer
  const found = await breaches(method, path, answer)
  if (found.length > 0) throw new Error(`${method} ${path}, ${answer.status}: ${found.join('; ')}`)
  return answer
}

async function sendBy({ router, url }: TestApp, method: string, path: string, sent: Sent): Promise<Response> {
  const headers: Record<string, string> = { 'tidemark-app': '1.2.0;ios' }
  if (sent.token !== undefined) headers['authorization'] = `Bearer ${sent.token}`
  if (sent.body !== undefined) headers['content-type'] = 'application/json'
  const body =
    sent.body === undefined ? null : typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body)
  if (url !== undefined) return fetch(url + path, { method, headers: { ...headers, ...sent.headers }, body })
  const request = new Request(ORIGIN + path, { method, headers: { ...headers, ...sent.headers }, body })
  const response = await router.handle(request)
  if (!response) throw new Error(`no route for ${path}`)
  return response
}

/** The body of an answer, as an object. */
export async function bodyOf(response: Response): Promise<JsonObject> {
  const body: unknown = await response.json()
  if (!isJsonObject(body)) throw new Error('the answer is no object')
  return body
}

/** A device that speaks the wire contract by hand. */
export class TestDevice {
  readonly app: TestApp
  readonly id: string
  readonly fleetId: string
  readonly token: string
  private seq = 0
  private counter = 0

  constructor(app: TestApp, enrolled: EnrollResponse) {
    this.app = app
    this.id = enrolled.deviceId
    this.fleetId = enrolled.fleetId
    this.token = enrolled.token
  }

  static async enroll(app: TestApp, fleet: TestFleet): Promise<TestDevice> {
    const body = {
      requestId: newUuid(),
      deviceId: newUuid(),
      device: { name: 'tablet', platform: 'ios', appVersion: '1.2.0' },
    }
    const response = await send(app, 'POST', '/api/v1/enroll', { token: fleet.key, body })
    if (response.status !== 201)
      throw new Error(`enroll answered ${response.status}: ${await response.text()}`)
    return new TestDevice(app, (await response.json()) as EnrollResponse)
  }

  /** The same device, at another process. */
  at(app: TestApp): TestDevice {
    const other = new TestDevice(app, {
      deviceId: this.id,
      fleetId: this.fleetId,
      token: this.token,
    } as EnrollResponse)
    other.seq = this.seq + 1_000
    return other
  }

  report(): JsonObject {
    this.seq += 1
    return {
      state: 'pushing',
      seq: this.seq,
      nonce: newUuid(),
      outbox: { depth: 1 },
      clock: { offsetMs: 0, rttMs: 5 },
    }
  }

  mutation(changes: Partial<Mutation> = {}): Mutation {
    this.counter += 1
    return {
      id: newUuid(),
      collection: 'notes',
      recordId: newUuid(),
      baseVersion: 0,
      schemaVersion: 1,
      hlc: formatHlc({ wallMs: Date.now(), counter: this.counter, deviceId: this.id }),
      madeAt: new Date().toISOString(),
      op: { type: 'put', data: { title: 'a note' } },
      ...changes,
    }
  }

  pushBody(mutations: readonly unknown[], changes: JsonObject = {}): JsonObject {
    const fresh = { requestId: newUuid(), sessionId: newUuid(), epoch: 1, report: this.report() }
    return { ...fresh, mutations: mutations as JsonObject[], ...changes }
  }

  send(method: string, path: string, sent: Omit<Sent, 'token'> = {}): Promise<Response> {
    return send(this.app, method, path, { token: this.token, ...sent })
  }

  push(body: unknown): Promise<Response> {
    return this.send('POST', '/api/v1/push', { body })
  }

  async pushed(mutations: readonly unknown[], changes: JsonObject = {}): Promise<PushResponse> {
    const response = await this.push(this.pushBody(mutations, changes))
    if (response.status !== 200) throw new Error(`push answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as PushResponse
  }

  async pulled(token: string | null = null): Promise<PullResponse> {
    const query = token === null ? '' : `?${new URLSearchParams({ token })}`
    const response = await this.send('GET', `/api/v1/pull${query}`)
    if (response.status !== 200) throw new Error(`pull answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as PullResponse
  }
}
