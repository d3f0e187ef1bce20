import { formatHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { Ledger } from '../oracle/ledger.ts'
import { Chance } from '../world/chance.ts'
import { TEXTS } from '../world/collections.ts'
import type { Users } from './users.ts'
import type { World } from '../world/world.ts'

/** Another program that speaks the wire contract by hand, and not always well. */
export class Gateway {
  private readonly world: World
  private readonly ledger: Ledger
  private readonly users: Users
  private readonly chance: Chance
  private enrolled: { readonly deviceId: string; readonly token: string } | null = null
  private seq = 0

  constructor(world: World, ledger: Ledger, users: Users) {
    this.world = world
    this.ledger = ledger
    this.users = users
    this.chance = new Chance(world.plan.seed, 'gateway')
  }

  /** E: an id that had an effect, with another change behind it. */
  async reuse(id: string): Promise<void> {
    const author = await this.enroll()
    if (!author) return
    const mutation = this.mutation(author.deviceId, 'prices', this.users.recordId('prices', 0), {
      title: 'stolen',
    })
    const answer = await this.post('push', author.token, this.push([{ ...mutation, id }]))
    const results = answer?.['results'] as readonly { readonly status: string }[] | undefined
    if (results && results[0]?.status !== 'refused')
      this.ledger.blame('E', `${id} was taken again: ${JSON.stringify(results)}`)
  }

  /** B: changes of two collections that stand or fall together; the second may well meet another's. */
  async pushAtomically(n: number, m: number): Promise<void> {
    const author = await this.enroll()
    if (!author) return
    const first = this.mutation(author.deviceId, 'prices', this.id(), { title: 'both' })
    const second = this.mutation(author.deviceId, 'seats', this.users.recordId('seats', n), {
      title: 'both',
      a: m,
    })
    this.ledger.atomic.push([first['id'] as string, second['id'] as string])
    const body = this.push([first, second], { atomic: true })
    await this.post('push', author.token, body)
    await this.post('push', author.token, body)
  }

  /** The texts that devices write in: two that make one each, apart, have one record and two beginnings (CS9). */
  async beginTexts(): Promise<void> {
    const author = await this.enroll()
    if (!author) return
    const begun = TEXTS.map((name) =>
      this.mutation(author.deviceId, name, this.users.recordId(name, 0), { body: '' }),
    )
    await this.post('push', author.token, this.push(begun))
  }

  private async enroll(): Promise<{ readonly deviceId: string; readonly token: string } | null> {
    if (this.enrolled) return this.enrolled
    const deviceId = this.id()
    const body = {
      requestId: this.id(),
      deviceId,
      device: { name: 'gateway', platform: 'gateway', appVersion: '2.0.0' },
    }
    const answer = await this.post('enroll', this.world.enrollmentKey, body)
    if (typeof answer?.['token'] !== 'string') return null
    this.enrolled = { deviceId, token: answer['token'] }
    return this.enrolled
  }

  private push(mutations: readonly JsonObject[], more: JsonObject = {}): JsonObject {
    const report = { state: 'pushing', seq: ++this.seq, nonce: this.id(), outbox: { depth: 1 } }
    const { epoch } = this.ledger.history
    return { requestId: this.id(), sessionId: this.id(), epoch, report, mutations, ...more }
  }

  private mutation(deviceId: string, collection: string, recordId: string, data: JsonObject): JsonObject {
    const nowMs = this.world.serverNowMs()
    return {
      id: this.id(),
      collection,
      recordId,
      baseVersion: 0,
      schemaVersion: 1,
      hlc: formatHlc({ wallMs: nowMs, counter: this.seq, deviceId }),
      madeAt: new Date(nowMs).toISOString(),
      op: { type: 'put', data },
    }
  }

  private async post(path: string, credential: string, body: JsonObject): Promise<JsonObject | null> {
    const server = this.world.servers()[0]
    if (!server) return null
    const headers = {
      authorization: `Bearer ${credential}`,
      'content-type': 'application/json',
      'tidemark-app': '2.0.0;gateway',
    }
    const request = new Request(`http://server.sim/api/v1/${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    const response = await server.router.handle(request)
    if (server.isDead || !response?.ok) return null
    return JSON.parse(await response.text()) as JsonObject
  }

  private id(): string {
    return uuidv7(this.world.serverNowMs(), this.chance.random)
  }
}
