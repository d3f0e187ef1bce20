import { createHmac } from 'node:crypto'
import { createContext } from '#lib/application/create-context.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import { createRouter } from '#lib/http/router.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { Random } from '#lib/kernel/random.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { EnrollResponse } from '#lib/protocol/device.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { PullResponse } from '#lib/protocol/pull.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { LOOPBACK_EGRESS, send } from '#tests/support/device-world.ts'
import type { TestApp } from '#tests/support/device-world.ts'
import { waitOf } from '../../../scripts/fleet/chance.ts'

/** A world whose clock and chance the test holds. */
export interface DrivenWorld {
  readonly app: TestApp
  readonly random: Random
  now(): number
  advance(ms: number): void
}

export function drivenWorld(storage: Storage, startMs: number, random: Random): DrivenWorld {
  let nowMs = startMs
  const secret = Buffer.alloc(32, 7)
  const fail = (message: string, fields?: object): never => {
    throw new Error(`${message} ${JSON.stringify(fields)}`)
  }
  const ctx = createContext({
    storage,
    clock: { now: () => nowMs },
    random,
    ids: () => uuidv7(nowMs, random),
    secret,
    mac: (bytes) => createHmac('sha256', secret).update(bytes).digest(),
    log: { info: () => undefined, warn: fail, error: fail },
    egress: LOOPBACK_EGRESS,
    metrics: createMetrics(),
    processId: 'driven',
    processName: 'test',
    origin: 'http://127.0.0.1:3000',
  })
  const metrics = async (): Promise<Response> => new Response('')
  const router = createRouter({ ctx, metrics, isDraining: () => false })
  return { app: { ctx, router }, random, now: () => nowMs, advance: (ms) => void (nowMs += ms) }
}

/** What a device showed to hold, and when: what delivery is measured by (metrics.md, stages). */
export interface Shown {
  readonly deviceId: string
  readonly atMs: number
  readonly positions: Readonly<Record<string, number>>
}
/** An answer as its device saw it. */
export interface Seen {
  readonly atMs: number
  readonly status: number
}

const APPS = ['2.3.9;ios', '2.4.0;android', '2.4.0;web', '2.4.1;windows'] as const
/** Longest time that a change waited on a device, on average. */
const WAITED_MS = 40_000

/** A device whose clock is wrong, speaking the wire contract by hand. */
export class DrivenDevice {
  readonly shown: Shown[] = []
  readonly seen: Seen[] = []
  private readonly world: DrivenWorld
  private readonly enrolled: EnrollResponse
  private readonly app: string
  /** Server minus device. */
  private readonly offsetMs: number
  private readonly known = new Map<string, number>()
  private seq = 0
  private counter = 0
  private token: string | null = null
  private positions: Record<string, number> = {}
  private lastPush: Json = null

  private constructor(world: DrivenWorld, enrolled: EnrollResponse, app: string) {
    this.world = world
    this.enrolled = enrolled
    this.app = app
    this.offsetMs = Math.round((world.random() * 2 - 1) * 1_200_000)
  }

  static async enroll(world: DrivenWorld, key: string, index: number): Promise<DrivenDevice> {
    const app = APPS[index % APPS.length] ?? APPS[0]
    const [appVersion, platform] = app.split(';')
    const device = { name: `tablet ${index}`, platform, appVersion }
    const body = { requestId: world.app.ctx.ids(), deviceId: world.app.ctx.ids(), device }
    const response = await send(world.app, 'POST', '/api/v1/enroll', { token: key, body })
    return new DrivenDevice(world, (await response.json()) as EnrollResponse, app)
  }

  async push(mutations: readonly Mutation[], epoch = this.enrolled.epoch): Promise<void> {
    const ids = { requestId: this.world.app.ctx.ids(), sessionId: this.world.app.ctx.ids() }
    this.lastPush = { ...ids, epoch, report: this.report(mutations.length), mutations } as unknown as Json
    await this.call('POST', '/api/v1/push', this.lastPush)
  }

  /** The last push once more, as after a lost answer. */
  async pushAgain(): Promise<void> {
    if (this.lastPush !== null) await this.call('POST', '/api/v1/push', this.lastPush)
  }

  async pushNonsense(): Promise<void> {
    await this.call('POST', '/api/v1/push', '{"requestId":')
  }

  /** @param heads reads what the streams have come to: where a pull that brings all ends */
  async pull(heads: () => Promise<Record<string, number>>): Promise<void> {
    if (this.token !== null) {
      this.shown.push({ deviceId: this.enrolled.deviceId, atMs: this.world.now(), positions: this.positions })
    }
    for (let hasMore = true; hasMore;) {
      const query: string = this.token === null ? '' : `?${new URLSearchParams({ token: this.token })}`
      const page = (await (await this.call('GET', `/api/v1/pull${query}`)).json()) as PullResponse
      for (const { recordId, version } of page.changes) this.known.set(recordId, version)
      ;({ token: this.token, hasMore } = page)
    }
    this.positions = await heads()
  }

  async heartbeat(depth: number): Promise<void> {
    await this.call('POST', '/api/v1/heartbeat', { report: this.report(depth) })
  }

  async reportSession(result: 'ok' | 'failed', conflicts: number): Promise<void> {
    const endedMs = this.world.now() - this.waited()
    const session = {
      sessionId: this.world.app.ctx.ids(),
      mode: 'delta',
      startedAt: this.iso(endedMs - 900),
      endedAt: this.iso(endedMs),
      result,
      transitions: this.walk(endedMs, result),
      attempts: [],
      pushed: 1,
      pulled: 0,
      conflicts,
      deadLettered: 0,
      queueDepthBefore: 1,
      queueDepthAfter: 0,
    }
    await this.call('POST', '/api/v1/sessions', { sessions: [session], offsetMs: this.offsetMs })
  }

  /** Idle and back: by way of every step, or into backoff at the first. */
  private walk(endedMs: number, result: 'ok' | 'failed') {
    const at = this.iso(endedMs)
    const steps =
      result === 'failed'
        ? (['idle start scanning', 'scanning failed backoff'] as const)
        : ([
            'idle start scanning',
            'scanning scanned pushing',
            'pushing pushed pulling',
            'pulling pulled resolving',
            'resolving resolved committing',
            'committing committed idle',
          ] as const)
    return steps.map((step) => {
      const [from, event, to] = step.split(' ')
      return { from, event, to, at }
    })
  }

  /** A change made a while ago; a few are stamped in the future by a clock that was measured badly. */
  mutation(collection: string, recordId: string, op: Operation): Mutation {
    const { deviceId, epoch } = this.enrolled
    this.counter += 1
    const madeMs = this.world.random() < 0.03 ? this.world.now() + 2_000 : this.world.now() - this.waited()
    return {
      id: this.world.app.ctx.ids(),
      collection,
      recordId,
      baseVersion: this.known.get(recordId) ?? 0,
      baseEpoch: epoch,
      schemaVersion: 1,
      hlc: formatHlc({ wallMs: this.world.now(), counter: this.counter, deviceId }),
      madeAt: this.iso(madeMs),
      op,
    }
  }

  private report(depth: number): JsonObject {
    this.seq += 1
    const oldestMadeAt = depth > 0 ? { oldestMadeAt: this.iso(this.world.now() - this.waited()) } : {}
    const clock = { offsetMs: this.offsetMs, rttMs: 20 }
    return {
      state: 'idle',
      seq: this.seq,
      nonce: this.world.app.ctx.ids(),
      outbox: { depth, ...oldestMadeAt },
      clock,
    }
  }

  /** Mostly seconds, now and then hours. */
  private waited(): number {
    const { random } = this.world
    return Math.round(waitOf(random() < 0.05 ? 100 * WAITED_MS : WAITED_MS, random))
  }

  /** By the device's own wrong clock. */
  private readonly iso = (serverMs: number): string => new Date(serverMs - this.offsetMs).toISOString()

  private async call(method: string, path: string, body?: unknown): Promise<Response> {
    const sent = { token: this.enrolled.token, headers: { 'tidemark-app': this.app } }
    const response = await send(this.world.app, method, path, body === undefined ? sent : { ...sent, body })
    this.seen.push({ atMs: this.world.now(), status: response.status })
    await this.world.app.ctx.requests.flush()
    return response
  }
}
