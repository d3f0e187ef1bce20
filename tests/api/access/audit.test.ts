import { beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '#lib/kernel/json.ts'
import { addUser } from '#tests/support/access-world.ts'
import { jsonBody, operatorWorld, ORIGIN, type OperatorWorld } from '#tests/support/operator-world.ts'

let world: OperatorWorld
let root: { cookie: string }
beforeEach(async () => {
  world = await operatorWorld()
  await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
  root = await world.signIn('root@example.org')
})

type Headers = Record<string, string>
const read = async (path: string, headers: Headers = root) => {
  const answer = await world.admin(path, { headers })
  return { status: answer.status, body: (await answer.json()) as JsonObject }
}
const itemsOf = async (query: string, headers?: Headers) =>
  (await read(`/audit?${query}`, headers)).body['items'] as JsonObject[]
const makeKey = (name: string, fleet = world.fleet) => {
  world.clock.advance(1)
  return world.admin('/enrollment-keys', jsonBody('POST', { fleet, name }, { ...root, origin: ORIGIN }))
}

describe('the audit log by the operator API', () => {
  test('[check 42] says that the chain holds, up to which entry, and gives its head', async () => {
    await makeKey('tablets')
    const { body: head } = await read('/audit/head')
    const { seq, mac } = head as { seq: number; mac: string }
    expect(await read('/audit/verify')).toMatchObject({
      status: 200,
      body: { state: 'holds', entries: seq, upTo: { seq, mac }, firstBad: null },
    })
    const newest = await itemsOf('limit=1')
    expect(newest[0]).toMatchObject({ seq, mac, action: 'enrollment-key.create' })
    expect((await read(`/audit/verify?head=${seq}:${mac}`)).body).toMatchObject({ state: 'holds' })
    expect((await read(`/audit/verify?after=${seq}:${mac}`)).body).toMatchObject({
      state: 'holds',
      entries: 0,
    })
  })

  test('[check 42] names the first bad entry by a head that was kept elsewhere', async () => {
    const { body: head } = await read('/audit/head')
    const { seq, mac } = head as { seq: number; mac: string }
    const cut = await read(`/audit/verify?head=${seq + 4}:${mac}`)
    expect(cut.body).toMatchObject({
      state: 'broken',
      firstBad: { kind: 'not_outside_head', seq: seq + 1, id: null },
    })
    for (const wrong of ['x', `${seq}:zz`, `${seq}`, Array(21).fill(`${seq}:${mac}`).join(',')])
      expect((await read(`/audit/verify?head=${wrong}`)).status).toBe(400)
  })

  test('[check 42] does not go on behind what is no link of the chain', async () => {
    for (const seq of [0, 1, 999_999])
      expect((await read(`/audit/verify?after=${seq}:${'a'.repeat(64)}`)).body).toMatchObject({
        state: 'broken',
        entries: 0,
        firstBad: { kind: 'not_outside_head', seq, id: null },
      })
  })

  test('[check 1] head and check are for administrators of every fleet, entries for operators of theirs', async () => {
    await makeKey('ours')
    await makeKey('theirs', world.foreignFleet)
    const operator = await world.keyFor('operator')
    const admin = await world.keyFor('admin')
    for (const path of ['/audit/head', '/audit/verify', '/audit', '/audit/export'])
      expect((await read(path, admin)).status, path).toBe(403)
    expect((await read(`/audit?fleet=${world.fleet}`, await world.keyFor('viewer'))).status).toBe(403)
    const own = await itemsOf(
      `fleet=${world.fleet}&q=${encodeURIComponent('action:enrollment-key.create')}`,
      operator,
    )
    expect(own.map(({ after }) => (after as JsonObject)['name'])).toEqual(['ours'])
    const foreign = await itemsOf(`fleet=${world.foreignFleet}&action=enrollment-key.create`)
    const ids = { own: String(own[0]?.['id']), foreign: String(foreign[0]?.['id']) }
    expect((await read(`/audit/${ids.own}`, operator)).body).toEqual(own[0])
    expect((await read(`/audit/${ids.own}`)).body).toEqual(own[0])
    expect((await read(`/audit/${ids.foreign}`, operator)).status).toBe(404)
    const [global] = await itemsOf('action=session.start')
    expect((await read(`/audit/${String(global?.['id'])}`, admin)).status).toBe(404)
    expect((await read(`/audit/${String(global?.['id'])}`)).status).toBe(200)
  })

  test('finds entries by q, and writes them to a file with their links', async () => {
    await makeKey('tablets')
    await read('/audit', await world.keyFor('operator'))
    const find = (q: string) => itemsOf(`q=${encodeURIComponent(q)}`)
    expect((await find('outcome:denied')).map(({ target }) => target)).toEqual(['forbidden'])
    expect((await find('who:root@example.org action:enrollment-key.create at:<1h')).length).toBe(1)
    expect(await find('at:>1h')).toEqual([])
    expect(
      (await find('-kind:user -kind:key')).every(({ actor }) => (actor as JsonObject)['kind'] === 'system'),
    ).toBe(true)
    expect((await read('/audit?q=wrong:x')).status).toBe(400)
    const all = await itemsOf('limit=500')
    const ndjson = await world.admin('/audit/export?format=ndjson', { headers: root })
    const lines = (await ndjson.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonObject)
    expect(lines.at(-1)).toEqual({ complete: true, rows: all.length })
    expect(lines.slice(0, -1).map(({ seq, mac, id }) => ({ seq, mac, id }))).toEqual(
      all.map(({ seq, mac, id }) => ({ seq, mac, id })),
    )
    const csv = await world.admin('/audit/export?q=outcome:denied', { headers: root })
    expect((await csv.text()).trim().split('\n')).toHaveLength(2)
  })
})
