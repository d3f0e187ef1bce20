import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_CONTRACT } from '#lib/http/admin/contract.ts'
import { adminOpenApiDocument } from '#lib/http/admin/openapi-admin.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { newUuid } from '#tests/support/device-world.ts'
import type { DoorWorld } from '#tests/support/door-world.ts'
import { doorWorld } from '#tests/support/door-world.ts'

/** Every text of SQL that this process gave to PostgreSQL, without the values beside it. */
const statements = new Set<string>()
/** How often PostgreSQL was given what was sent as a value. */
let asValues = 0
type Query = (...given: unknown[]) => unknown
const client = pg.Client.prototype as unknown as { query: Query }
const { query: send } = client
beforeAll(() => {
  client.query = function (this: unknown, ...given: unknown[]) {
    const [first] = given
    const isNamed = typeof first === 'object' && first !== null && 'text' in first
    statements.add(String(isNamed ? first.text : first))
    const values = isNamed && 'values' in first ? first.values : given[1]
    if (Array.isArray(values) && values.some((value) => String(value).includes(SENT))) asValues += 1
    return send.apply(this, given)
  }
})
afterAll(() => {
  client.query = send
})

let world: DoorWorld
let untouched: Readonly<Record<string, string>>
beforeAll(async () => {
  world = await doorWorld()
  untouched = await world.digest()
})
afterAll(() => world.close())

/** Stands in every hostile text: SQL that holds it was put together out of what somebody sent. */
const SENT = 'zqsent'
/** What ends a text of SQL, of a pattern, of a header or of a template, where somebody has put one together by hand. */
const TEXTS = [
  `'${SENT}`,
  `${SENT}"; DROP TABLE fleet; -- '`,
  `\\%_$1${SENT}`,
  `{"$ne":"${SENT}"}`,
  `\u0000`,
  `${SENT}\r\nset-cookie: x=1`,
  `__proto__`,
  `${'9'.repeat(40)}`,
  `\ud800`,
  `../../etc/passwd`,
]
/** What a store of documents takes for a comparison, and what no field is. */
const VALUES: readonly Json[] = [
  { $ne: null },
  { $gt: SENT },
  { $where: `sleep(9) ${SENT}` },
  [`'${SENT}`],
  [[]],
  { length: 1 },
  JSON.parse('{"__proto__":{"role":"admin"}}') as JsonObject,
  `${SENT}' OR 1=1 --`,
  -1,
]
/**
 * All of what there is where a name is met first, elsewhere so many in turn: a parameter of one name is read by the same code,
 * whichever route has it, and all of them at each made eight thousand requests.
 */
function inTurn<T>(all: readonly T[], elsewhere: number): (name: string) => readonly T[] {
  const met = new Set<string>()
  let next = 0
  return (name) => {
    if (!met.has(name)) {
      met.add(name)
      return all
    }
    return Array.from({ length: elsewhere }, () => all[next++ % all.length] as T)
  }
}
const textsFor = inTurn(TEXTS, 2)
const valuesFor = inTurn(VALUES, 3)
/** What an answer would hold that tells of the database, or of our code. */
const TELLING = /syntax error|relation "|column "|prisma|SQLSTATE|\bat \S+ \(|node_modules/i

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonObject }>> }
}
const { paths } = JSON.parse(JSON.stringify(adminOpenApiDocument())) as {
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
const OPERATIONS = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(
    ([method, operation]) => [`${method.toUpperCase()} ${path}`, { method, path, operation }] as const,
  ),
)

/** The path with things that are there, but one parameter as it is given. */
function pathWith(path: string, changed: string | null, text: string): string {
  const pattern = path.replaceAll(/\{(\w+)\}/g, ':$1')
  const owner = Object.keys(world.things).find(
    (one) => one.endsWith('/:id') && (pattern === one || pattern.startsWith(`${one}/`)),
  )
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    // Half a pair has no UTF-8; these bytes are what would stand for it.
    if (name === changed) return text === '\ud800' ? '%ED%A0%80' : encodeURIComponent(text)
    if (name === 'scope') return encodeURIComponent(`fleet:${world.fleetId}`)
    if (name === 'rule') return 'conflicts-many'
    return (owner === undefined ? null : world.things[owner]) ?? newUuid()
  })
}

/** Asks as an administrator of every fleet; what is refused is refused with a status of ours, and tells nothing. */
async function ask(method: string, path: string, body: Json | undefined): Promise<number> {
  const answer = await fetch(`${world.http.url}/api/admin/v1${path}`, {
    method,
    headers: { ...world.headersOf['root key'], 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') ?? false
  if (isStream) await answer.body?.cancel()
  const text = isStream ? '' : await answer.text()
  if (
    answer.status >= 500 ||
    (answer.status >= 400 && TELLING.test(text.replaceAll(/"detail":"[^"]*"/g, '')))
  )
    throw new Error(`${method} ${path} ${JSON.stringify(body)}: ${answer.status} ${text.slice(0, 300)}`)
  return answer.status
}

const fieldsOf = ({ requestBody }: Operation): readonly string[] => {
  const schema = requestBody?.content['application/json']?.schema
  const properties = schema?.['properties']
  return isJsonObject(properties) ? Object.keys(properties) : []
}

describe('hostile values, over HTTP and PostgreSQL', () => {
  it('[check 30] the contract names the parameters of every route, so none is left out below', () => {
    expect(OPERATIONS.map(([name]) => name.replaceAll(/\{(\w+)\}/g, ':$1')).toSorted()).toEqual(
      Object.keys(ADMIN_CONTRACT).toSorted(),
    )
    expect(OPERATIONS.flatMap(([, { operation }]) => operation.parameters ?? []).length).toBeGreaterThan(300)
  })

  it.each(OPERATIONS.filter(([, { method }]) => method === 'get'))(
    '[check 30] %s is answered, or refused in words of ours, whatever its parameters hold',
    async (_name, { path, operation: { parameters = [] } }) => {
      for (const { name, in: place } of parameters)
        for (const text of place === 'path' ? TEXTS : textsFor(name)) {
          const query = new URLSearchParams(place === 'path' ? {} : { [name]: text })
          if (name !== 'fleet' && parameters.some((one) => one.name === 'fleet'))
            query.set('fleet', world.fleetId)
          await ask('GET', `${pathWith(path, place === 'path' ? name : null, text)}?${query}`, undefined)
        }
    },
  )

  it.each(OPERATIONS.filter(([, { method }]) => method !== 'get'))(
    '[check 30] %s refuses comparisons and quotes in its path and in each of its fields',
    async (_name, { method, path, operation }) => {
      const verb = method.toUpperCase()
      const fleet = (operation.parameters ?? []).some(({ name }) => name === 'fleet')
        ? `?fleet=${world.fleetId}`
        : ''
      for (const { name, in: place } of operation.parameters ?? [])
        if (place === 'path')
          for (const text of TEXTS)
            expect([text, await ask(verb, `${pathWith(path, name, text)}${fleet}`, {})]).toEqual([
              text,
              expect.any(Number),
            ])
      for (const field of fieldsOf(operation))
        for (const value of valuesFor(field)) {
          const status = await ask(verb, `${pathWith(path, null, '')}${fleet}`, {
            [field]: value,
            nobodyKnowsThis: 1,
          })
          expect([field, value, status]).toEqual([field, value, 400])
        }
    },
  )

  it('[check 30] none of that has changed a row', async () => {
    // Who asks for a fleet that there is not is told so, and the log is told too.
    const { audit: _, audit_head: _head, ...after } = await world.digest()
    const { audit: __, audit_head: __head, ...before } = untouched
    expect(after).toEqual(before)
  })

  it('[check 30] a document that is all quotes and operators comes back as it was sent', async () => {
    const device = await world.http.device()
    // A null character and half a pair are no text that JSON of PostgreSQL can keep: such a change is a dead letter.
    const texts = TEXTS.filter((text) => !['\u0000', '\ud800'].includes(text))
    const data = Object.fromEntries([
      ['title', texts.join(' ')],
      ...texts.map((text) => [text, { $ne: text }] as const),
    ])
    const made = device.mutation({ op: { type: 'put', data } })
    expect((await device.pushed([made])).results).toMatchObject([{ status: 'applied' }])
    const { changes } = await device.pulled()
    expect(changes.find(({ recordId }) => recordId === made.recordId)).toMatchObject({ data })
  })
})

/** As long as a filter may be, each made to cost what a filter can. */
const FILTERS = [
  'a'.repeat(400),
  'a '.repeat(200),
  '"'.repeat(400),
  `"${'\\'.repeat(398)}"`,
  `"${'%'.repeat(398)}"`,
  `"${SENT}'; --"`,
  `version:"${SENT}'" id:${SENT}`,
  `"${'_%'.repeat(199)}"`,
  `${'(a+)+'.repeat(79)}$`,
  '-'.repeat(400),
  ':'.repeat(400),
  `id:${'0'.repeat(396)}`,
  `version:${'9.'.repeat(196)}`,
  `version:"${`'`.repeat(389)}"`,
  `pending:>${'9'.repeat(390)}`,
  `took:>${'9'.repeat(380)}h`,
  ['status', 'state', 'result', 'code'].map((key) => `${key}:${'x,'.repeat(40)}`).join(' '),
  `"${'\u{1F4A5}'.repeat(190)}"`,
  `"${'\u0000'}"`,
  `"${'ａ'.repeat(390)}"`,
]

describe('hostile filters, over HTTP and PostgreSQL', () => {
  const LISTS = [
    '/sessions',
    '/sessions/facets',
    '/devices',
    '/devices/facets',
    '/dead-letters',
    '/dead-letters/facets',
  ]
  const OTHERS = [
    '/dead-letters/groups',
    '/alerts/rules',
    '/alerts/channels',
    '/alerts/incidents',
    '/conflicts',
  ]

  it.each([...LISTS, ...OTHERS])(
    '[check 31] %s answers or refuses each, and none costs 100 ms of our processor',
    async (path) => {
      for (const q of FILTERS) {
        const query = new URLSearchParams({
          q,
          ...(path.startsWith('/alerts/channels') ? {} : { fleet: world.fleetId }),
        })
        const costs: number[] = []
        for (let n = 0; n < 3; n++) {
          const before = process.cpuUsage()
          const status = await ask('GET', `${path}?${query}`, undefined)
          const { user, system } = process.cpuUsage(before)
          costs.push((user + system) / 1_000)
          expect([200, 400]).toContain(status)
        }
        // The least of three: what else this process does at the time is no cost of the filter.
        expect([q.slice(0, 40), Math.min(...costs) < 100]).toEqual([q.slice(0, 40), true])
      }
    },
  )
})

it('[check 30] no statement of SQL held anything that was sent', () => {
  expect([...statements].filter((text) => text.includes('WHERE')).length).toBeGreaterThan(100)
  expect([...statements].filter((text) => text.includes(SENT))).toEqual([])
  expect(asValues).toBeGreaterThan(20)
})
