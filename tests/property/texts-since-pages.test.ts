import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { SharedPages } from '#lib/application/sync/shared-pages.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { TextState } from '#lib/protocol/crdt.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { PullResponse } from '#lib/protocol/pull.ts'
import { createRouter } from '#lib/http/router.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { cases } from '#tests/support/cases.ts'
import type { TestApp } from '#tests/support/device-world.ts'
import { newUuid, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import { TextReader } from '#tests/support/text-reader.ts'

const COLLECTIONS = ['crdt', 'ot'] as const
const RECORDS = 2
/** As `testApp` signs. */
const mac = (bytes: Uint8Array): Uint8Array =>
  createHmac('sha256', Buffer.alloc(32, 7)).update(bytes).digest()

const storage = openMemoryStorage()
afterAll(() => storage.close())

/** Texts are told by what came to them however short they are. */
function appOf(): TestApp {
  const { ctx: context } = testApp(storage)
  const ctx = { ...context, pages: new SharedPages({ storage, textsFromChars: 0 }) }
  return {
    ctx,
    router: createRouter({ ctx, metrics: async () => new Response(''), isDraining: () => false }),
  }
}
const app = appOf()

/** A token as a process of the release before makes it. */
function asBefore(token: string): string {
  const bytes = decodeBase64url(token) as Uint8Array
  const { h: _, ...payload } = JSON.parse(Buffer.from(bytes.subarray(1, -32)).toString()) as JsonObject
  const signed = Buffer.concat([Buffer.of(1), Buffer.from(JSON.stringify(payload))])
  return encodeBase64url(Buffer.concat([signed, mac(signed)]))
}

const place = { collection: fc.constantFrom(...COLLECTIONS), record: fc.nat(RECORDS - 1) }
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('type' as const), ...place, at: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), ...place }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('page' as const),
      limit: fc.integer({ min: 1, max: 3 }),
      of: fc.subarray([...COLLECTIONS], { minLength: 1 }),
      /** The answer is lost, or the page asked for once more. */
      isAgain: fc.nat(4).map((n) => n === 0),
      /** A process of the release before told it. */
      isByOld: fc.nat(3).map((n) => n === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rest' as const) }) },
)

/** Who types, and knows what is there by itself. */
class Writer {
  readonly device: TestDevice
  private readonly ids = new Map<string, string>()
  private readonly known = new Map<string, { readonly state: TextState | null; readonly revision: number }>()
  private typed = 0

  constructor(device: TestDevice) {
    this.device = device
  }

  async type(collection: string, record: number, at: number): Promise<void> {
    const { id, key } = this.idOf(collection, record)
    const held = this.known.get(key) ?? (await this.begin(collection, id))
    const word = `${++this.typed} `
    if (collection === 'ot') {
      const skip = Math.min(at, 2 * held.revision)
      const ops = skip === 0 ? [word] : [skip, word]
      const baseRevision = held.revision
      await this.push(collection, id, { type: 'ot', path: '/body', kind: 'text', baseRevision, ops })
      this.known.set(key, { ...held, revision: baseRevision + 1 })
      return
    }
    const before = held.state ? valueOf(yjsText.read(held.state)) : ''
    const next = before.slice(0, at) + word + before.slice(at)
    const change = valueOf(yjsText.edit(held.state, next, newUuid()))
    const state = held.state ? valueOf(yjsText.merge(held.state, change)) : change
    await this.push(collection, id, { type: 'crdt', changes: [{ ...change, path: '/body' }] })
    this.known.set(key, { ...held, state })
  }

  async remove(collection: string, record: number): Promise<void> {
    const { id, key } = this.idOf(collection, record)
    if (!this.known.delete(key)) return
    await this.push(collection, id, { type: 'delete' })
    // Made anew it is another one, so that the writer needs to know of no life.
    this.ids.delete(key)
  }

  private async begin(collection: string, id: string) {
    await this.push(collection, id, { type: 'put', data: {} })
    return { state: null, revision: 0 }
  }

  private idOf(collection: string, record: number) {
    const key = `${collection}/${record}`
    const id = this.ids.get(key) ?? newUuid()
    this.ids.set(key, id)
    return { id, key }
  }

  private last = new Map<string, string>()
  private async push(collection: string, recordId: string, op: Operation): Promise<void> {
    const after = this.last.get(recordId)
    const mutation: Mutation = this.device.mutation({ collection, recordId, op, ...(after && { after }) })
    const { results } = await this.device.pushed([mutation])
    expect(results).toMatchObject([{ status: 'applied' }])
    this.last.set(recordId, mutation.id)
  }
}

function valueOf<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown },
): T {
  if (!result.ok) throw new Error(String(result.error))
  return result.value
}

async function pageOf(device: TestDevice, query: Record<string, string>): Promise<PullResponse> {
  const answer = await device.send('GET', `/api/v1/pull?${new URLSearchParams(query)}`)
  expect(answer.status).toBe(200)
  return (await answer.json()) as PullResponse
}

let toldSince = 0

it('[TK9] who joins what pages of any length tell, and looks at no hash, ends with what a whole pull says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
      const fleet = await testFleet(app)
      for (const name of COLLECTIONS)
        await createCollection(app.ctx, {
          actor: SYSTEM,
          fleetId: fleet.fleetId,
          body: { name, strategy: name, schema: true },
        })
      const [typing, reading, fresh] = await Promise.all([1, 2, 3].map(() => TestDevice.enroll(app, fleet)))
      const writer = new Writer(typing as TestDevice)
      const reader = new TextReader()
      let token: string | null = null
      const read = async (query: Record<string, string>): Promise<PullResponse> => {
        const page: PullResponse = await pageOf(reading as TestDevice, {
          texts: 'since',
          ...query,
          ...(token !== null && { token }),
        })
        reader.take(page)
        return page
      }
      const readAll = async (): Promise<void> => {
        for (let hasMore = true; hasMore;) {
          const page = await read({ limit: '2' })
          token = page.token
          hasMore = page.hasMore
        }
      }
      for (const each of steps) {
        if (each.kind === 'type') await writer.type(each.collection, each.record, each.at)
        else if (each.kind === 'remove') await writer.remove(each.collection, each.record)
        else if (each.kind === 'rest') await readAll()
        else {
          const page = await read({ limit: String(each.limit), collections: each.of.join(',') })
          if (!each.isAgain) token = each.isByOld ? asBefore(page.token) : page.token
        }
      }
      await readAll()
      toldSince += reader.toldSince
      const whole = new TextReader()
      whole.take(await pageOf(fresh as TestDevice, { limit: '500' }))
      expect(reader.shown()).toEqual(whole.shown())
    }),
    { numRuns: cases(40) },
  )
  expect(toldSince).toBeGreaterThan(0)
})
