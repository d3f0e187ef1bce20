import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Context } from '#lib/application/context.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { PulledRecord, PullResponse } from '#lib/protocol/pull.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, newUuid, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'
import { TextReader } from '#tests/support/text-reader.ts'

/** Of a state that is told by what came to it, some 40,000 characters. */
const LONG = 'lorem ipsum '.repeat(2_500)

/** Collections, and their strategies. */
const KINDS = [
  ['pages', 'crdt'],
  ['drafts', 'ot'],
] as const

interface Asked {
  readonly who: string
  readonly texts: string | null
  readonly changes: readonly PulledRecord[]
  readonly chars: number
}

function inPagesOf(limit: number, request: Request): Request {
  const url = new URL(request.url)
  if (!url.pathname.endsWith('/pull')) return request
  url.searchParams.set('limit', String(limit))
  return new Request(url, request)
}

/** A token as a process of the release before makes it: it says only how far was read. */
function asBefore(token: string, mac: Context['mac']): string {
  const bytes = decodeBase64url(token) as Uint8Array
  const length = bytes.length - mac(new Uint8Array()).length
  const { h: _, ...payload } = JSON.parse(Buffer.from(bytes.subarray(1, length)).toString()) as JsonObject
  const signed = Buffer.concat([bytes.subarray(0, 1), Buffer.from(JSON.stringify(payload))])
  return encodeBase64url(Buffer.concat([signed, mac(signed)]))
}

/** Replicas whose pulls are heard, and may be told something else. */
describe.each(STORAGES)('long texts by what came to them over $name', ({ open: openStorage }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let pulls: Asked[] = []
  let damage: (answer: string) => string = (answer) => answer
  /** Changes that a page has at the most; null as the replica asks. */
  let limit: number | null = null
  beforeAll(async () => {
    held = await openStorage()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
    for (const [name, strategy] of KINDS)
      await createCollection(app.ctx, {
        actor: SYSTEM,
        fleetId: fleet.fleetId,
        body: { name, strategy, schema: { type: 'object' } },
      })
  })
  afterAll(() => held.close())
  beforeEach(() => {
    pulls = []
    damage = (answer) => answer
    limit = null
  })

  async function heard(who: string, asked: Request): Promise<Response> {
    const request = limit === null ? asked : inPagesOf(limit, asked)
    const answered = await (app.url === undefined ? app.router.handle(request) : fetch(request))
    const response = answered ?? new Response(null, { status: 404 })
    const url = new URL(request.url)
    if (!url.pathname.endsWith('/pull') || response.status !== 200) return response
    const answer = damage(await response.text())
    const { changes } = JSON.parse(answer) as PullResponse
    pulls.push({ who, texts: url.searchParams.get('texts'), changes, chars: answer.length })
    const headers = new Headers(response.headers)
    for (const name of ['content-encoding', 'content-length']) headers.delete(name)
    return new Response(answer, { status: 200, headers })
  }
  const open = (name: string): Promise<Replica> =>
    openReplica({
      url: app.url ?? 'http://tidemark.test',
      enrollmentKey: fleet.key,
      device: { name, platform: 'ios', appVersion: '1.2.0' },
      store: openMemoryStore(),
      fetch: (input: string | URL | Request, init?: RequestInit) => heard(name, new Request(input, init)),
      sync: { auto: false },
    })
  /** Two devices that hold the same long text. */
  async function withLongText(collection: string) {
    const [one, two] = await Promise.all([open('one'), open('two')])
    const { recordId } = await one.collection(collection).put(null, { title: 'x' })
    const body = (replica: Replica) => replica.collection(collection).text(recordId, 'body')
    // A text of which nobody has said that it is one, until it is edited.
    await body(one).insert(0, LONG.slice(1))
    await sync(one)
    await body(one).insert(0, 'l')
    await sync(one, two)
    pulls = []
    return { one, two, body, recordId }
  }
  async function sync(...replicas: readonly Replica[]): Promise<void> {
    for (const replica of replicas) {
      const { problem } = await replica.sync()
      expect(problem).toBeNull()
      expect([replica.deadLetters$.get(), replica.conflicts$.get()]).toEqual([[], []])
    }
  }
  const told = (who: string) => pulls.filter((pull) => pull.who === who && pull.changes.length > 0)

  it.each(KINDS)(
    '[TK9] a keystroke in %s costs its author and a reader a keystroke, and what a reader typed meanwhile stays',
    async (collection) => {
      const { one, two, body } = await withLongText(collection)
      await body(two).insert(6, 'two ')
      await body(one).insert(LONG.length, 'end')
      await sync(one, two, one)
      const texts = await Promise.all([one, two].map((replica) => body(replica).value()))
      expect(texts).toEqual([`lorem two ${LONG.slice(6)}end`, texts[0]])
      for (const { chars, changes, texts: asked } of [...told('one'), ...told('two')]) {
        expect(asked).toBe('since')
        expect(changes[0]?.textsSince).toHaveProperty(['/body', 'hash'])
        expect(changes[0]?.data).toMatchObject({ title: 'x', body: '' })
        expect(changes[0]?.crdt ?? {}).not.toHaveProperty('/body')
        expect(chars).toBeLessThan(3_000)
      }
      expect([told('one').length, told('two').length]).toEqual([2, 1])
      await Promise.all([one.close(), two.close()])
    },
  )

  it.each(KINDS)(
    '[TK9] who has been away for many changes in %s is told all of them, and a first sight is whole',
    async (collection) => {
      const { one, two, body, recordId } = await withLongText(collection)
      for (let n = 0; n < 5; n++) {
        await body(one).insert(0, `${n} `)
        await sync(one)
      }
      await one.collection(collection).patch(recordId, { set: { title: 'y' } })
      await sync(one, two)
      expect(await body(two).value()).toBe(`4 3 2 1 0 ${LONG}`)
      expect(await two.collection(collection).get(recordId)).toMatchObject({ data: { title: 'y' } })
      expect(told('two')).toMatchObject([{ texts: 'since', changes: [{ textsSince: { '/body': {} } }] }])
      const three = await open('three')
      await sync(three)
      expect(await body(three).value()).toBe(`4 3 2 1 0 ${LONG}`)
      expect(
        told('three').flatMap(({ changes }) => changes.map((change) => change.textsSince)),
      ).not.toContainEqual(expect.anything())
      await Promise.all([one.close(), two.close(), three.close()])
    },
  )

  it('[TK9] so it is in a record that was made anew, for who typed as well', async () => {
    const [one, two] = await Promise.all([open('one'), open('two')])
    const pages = (replica: Replica) => replica.collection('pages')
    const { recordId } = await pages(one).put(null, { title: 'x' })
    await sync(one)
    await pages(one).remove(recordId)
    await sync(one)
    await pages(one).put(recordId, { title: 'y' })
    const body = (replica: Replica) => pages(replica).text(recordId, 'body')
    await body(one).insert(0, LONG)
    await sync(one, two)
    pulls = []
    for (const typed of ['a', 'b']) {
      await body(one).insert(0, typed)
      await sync(one, two)
    }
    expect(await body(two).value()).toBe(`ba${LONG}`)
    expect([...told('one'), ...told('two')].map(({ texts }) => texts)).toEqual(Array(4).fill('since'))
    await Promise.all([one.close(), two.close()])
  })

  /** A replica that types, a record with a long text and another one, and what a reader by the contract has of them. */
  async function withReader(collection: string) {
    const [one, two, reads] = await Promise.all([open('one'), open('two'), TestDevice.enroll(app, fleet)])
    const ids = await Promise.all(['a', 'b'].map(() => one.collection(collection).put(null, { title: 'x' })))
    const [a = '', b = ''] = ids.map(({ recordId }) => recordId)
    const type = async (recordId: string, text: string): Promise<void> => {
      await one.collection(collection).text(recordId, 'body').insert(0, text)
      await sync(one)
    }
    await type(a, LONG)
    await type(b, 'b')
    await type(a, 'so ')
    await sync(two)
    const reader = new TextReader()
    const page = async (token: string, texts = 'since', size = 1): Promise<PullResponse> => {
      const query = new URLSearchParams({ limit: String(size), collections: collection, texts, token })
      if (token === '') query.delete('token')
      const answer = await reads.send('GET', `/api/v1/pull?${query}`)
      const told = (await answer.json()) as PullResponse
      reader.take(told)
      return told
    }
    const { token } = await page('', 'since', 500)
    expect(reader.shown()).toMatchObject({ [`${collection}/${a}`]: `so ${LONG}` })
    const close = () => Promise.all([one.close(), two.close()])
    return { one, two, a, b, type, reader, page, token, close, key: `${collection}/${a}` }
  }

  it.each(KINDS)(
    '[TK9] what a page in %s passed over, since it was replaced behind it, is told by the page that has the record',
    async (collection) => {
      const { a, b, type, reader, page, token, close, key } = await withReader(collection)
      await type(a, 'LOST ')
      await type(b, 'b')
      await type(a, 'later ')
      const first = await page(token)
      expect(first).toMatchObject({ changes: [{ recordId: b }], hasMore: true })
      // Left in the middle; another one reads on by a process of the release before, which knows of no such place.
      const second = await page(first.token)
      expect(second).toMatchObject({ changes: [{ recordId: a, textsSince: {} }], hasMore: false })
      expect(reader.shown()[key]).toBe(`later LOST so ${LONG}`)
      const since = reader.toldSince
      expect((await page(asBefore(first.token, app.ctx.mac))).changes[0]).not.toHaveProperty('textsSince')
      expect([reader.shown()[key], reader.toldSince]).toEqual([`later LOST so ${LONG}`, since])
      // From the end of a run on it is told from there.
      await type(a, 'end ')
      const { changes } = await page(second.token)
      expect(JSON.stringify(changes).length).toBeLessThan(3_000)
      expect(reader.shown()[key]).toBe(`end later LOST so ${LONG}`)
      await close()
    },
  )

  it.each(KINDS)(
    '[TK9] who stops in the middle of a run of pages in %s, and comes back when more was written, lacks nothing',
    async (collection) => {
      const { a, b, type, reader, page, token, close, key } = await withReader(collection)
      let at = token
      const readOne = async (): Promise<boolean> => {
        const told = await page(at)
        at = told.token
        return told.hasMore
      }
      for (const word of ['one ', 'two ', 'three ']) {
        await type(b, word)
        await type(a, word)
        expect(await readOne()).toBe(true)
        await type(b, word)
        expect(await readOne()).toBe(true)
        expect(reader.shown()[key]).toMatch(RegExp(`^${word}`))
        await type(a, `past ${word}`)
      }
      while (await readOne());
      expect(reader.shown()[key]).toBe(`past three three past two two past one one so ${LONG}`)
      expect(reader.toldSince).toBeGreaterThan(3)
      await close()
    },
  )

  it.each(KINDS)(
    '[TK9] who reads a removal in the middle of a run of pages in %s is told the text whole when a late edit has won over it',
    async (collection) => {
      const { one, two, a, b, type, reader, page, token, close, key } = await withReader(collection)
      await two.collection(collection).text(a, 'body').insert(0, 'late ')
      await one.collection(collection).remove(a)
      await sync(one)
      await type(b, 'b')
      const first = await page(token)
      expect(first).toMatchObject({ changes: [{ recordId: a, deleted: true }], hasMore: true })
      expect(reader.shown()).not.toHaveProperty([key])
      await sync(two)
      const second = await page(first.token)
      expect(second).toMatchObject({ changes: [{ recordId: b }], hasMore: true })
      const { changes } = await page(second.token)
      expect(changes).toMatchObject([{ recordId: a, deleted: false }])
      expect(reader.shown()[key]).toBe(`late so ${LONG}`)
      await close()
    },
  )

  it.each(KINDS)('[TK9] a replica in %s asks for no page of a run once more', async (collection) => {
    const { two, a, b, type, close } = await withReader(collection)
    await type(a, 'LOST ')
    await type(b, 'b')
    await type(a, 'later ')
    pulls = []
    limit = 1
    await sync(two)
    expect(told('two').map(({ texts, changes }) => [texts, changes[0]?.recordId])).toEqual([
      ['since', b],
      ['since', a],
    ])
    expect(told('two')[1]?.changes[0]).toHaveProperty(['textsSince', '/body'])
    expect(await two.collection(collection).text(a, 'body').value()).toBe(`later LOST so ${LONG}`)
    await close()
  })

  it.each(['patch', 'put', 'nothing'])(
    "[TK9] is whole with a path's first operation, behind a %s too that the reader lacks, and told by operations from then on",
    async (written) => {
      const [author, reads] = await Promise.all([
        TestDevice.enroll(app, fleet),
        TestDevice.enroll(app, fleet),
      ])
      const recordId = newUuid()
      let version = 0
      let revision = 0
      const write = async (op: Operation): Promise<void> => {
        const mutation = author.mutation({ collection: 'drafts', recordId, baseVersion: version, op })
        const [result] = (await author.pushed([mutation])).results
        expect(result).toMatchObject({ status: 'applied' })
        ;({ version, revision = 0 } = result as { version: number; revision?: number })
      }
      const operate = (text: string) =>
        write({ type: 'ot', path: '/body', kind: 'text', baseRevision: revision, ops: [text] })
      const reader = new TextReader()
      let token = ''
      const page = async () => {
        const query = new URLSearchParams({ collections: 'drafts', texts: 'since', token })
        if (token === '') query.delete('token')
        const told = (await (await reads.send('GET', `/api/v1/pull?${query}`)).json()) as PullResponse
        reader.take(told)
        token = told.token
        return told
      }
      await write({ type: 'put', data: { body: LONG } })
      await page()
      const body = `more ${LONG}`
      if (written === 'patch') await write({ type: 'patch', set: { body } })
      if (written === 'put') await write({ type: 'put', data: { body } })
      await operate('op ')
      const first = await page()
      const shown = () => reader.shown()[`drafts/${recordId}`]
      expect(first.changes).toMatchObject([{ recordId, ot: { '/body': { revision: 1 } } }])
      expect(shown()).toBe(`op ${written === 'nothing' ? LONG : body}`)
      await operate('and ')
      const { changes } = await page()
      expect(changes).toMatchObject([{ recordId, textsSince: { '/body': {} } }])
      expect(shown()).toBe(`and op ${written === 'nothing' ? LONG : body}`)
    },
  )

  /** What may be wrong with what a page tells, and where. */
  const DAMAGES = [
    ['pages', 'comes to something else', /"hash":\d+/, '"hash":1'],
    ['drafts', 'comes to something else', /"hash":\d+/, '"hash":1'],
    ['pages', 'cannot be read', /("textsSince":\{"\/body":\{"update":")/, '$1!'],
    ['pages', 'is of a text that the device does not have', '"textsSince":{"/body"', '"textsSince":{"/bodi"'],
    [
      'drafts',
      'is of a text that the device does not have',
      '"textsSince":{"/body"',
      '"textsSince":{"/bodi"',
    ],
    ['drafts', 'lacks its operations', /"ops":\[.*?\]\]/, '"ops":[]'],
    ['pages', 'is of no text', /"textsSince":\{[^}]*\}\}/, '"textsSince":{"/body":7}'],
  ] as const
  it.each(DAMAGES)(
    '[TK9] one in %s that %s is asked for whole, and nothing is kept of the page before',
    async (collection, _, from, to) => {
      const { one, two, body } = await withLongText(collection)
      await body(one).insert(0, 'new ')
      await sync(one)
      damage = (answer) => answer.replace(from, to)
      await sync(two)
      expect(told('two').map(({ texts }) => texts)).toEqual(['since', 'whole'])
      damage = (answer) => answer
      expect(await body(two).value()).toBe(`new ${LONG}`)
      await body(one).insert(0, 'newer ')
      await sync(one, two)
      expect(await body(two).value()).toBe(`newer new ${LONG}`)
      expect(told('two').at(-1)?.texts).toBe('since')
      await Promise.all([one.close(), two.close()])
    },
  )
})
