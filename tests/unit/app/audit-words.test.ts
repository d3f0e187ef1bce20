import { describe, expect, test } from 'vitest'
import { changeRows } from '#components/ui/change-rows.ts'
import { askChain } from '../../../app/(console)/audit/ask-chain.ts'
import { auditSentence, chainWords, type ChainWords } from '../../../app/(console)/audit/audit-words.ts'
import { auditRow, type AuditRow } from '../../../app/(console)/audit/audit-row.ts'
import { NOBODY, SEVERAL } from '#lib/application/access/audit-entry.ts'
import type { ListedAudit } from '#lib/application/audit/list-audit.ts'

describe('what an audit entry changed', () => {
  test('is told field by field, without what stayed', () => {
    const before = { name: 'a', roles: { x: 1, y: 2 }, gone: null, same: [1] }
    const after = { name: 'b', roles: { y: 2, x: 1 }, made: 'é', same: [1] }
    expect(changeRows(before, after)).toEqual({
      rows: [
        { field: 'name', before: 'a', after: 'b' },
        { field: 'gone', before: 'null', after: null },
        { field: 'made', before: null, after: 'é' },
      ],
      equal: 2,
    })
  })

  test('also of what is made, removed, no object, or called like a part of one', () => {
    expect(changeRows(null, { a: 1 })).toEqual({ rows: [{ field: 'a', before: null, after: '1' }], equal: 0 })
    expect(changeRows({ a: 1 }, null)).toEqual({ rows: [{ field: 'a', before: '1', after: null }], equal: 0 })
    expect(changeRows(1, 'x')).toEqual({ rows: [{ field: 'value', before: '1', after: 'x' }], equal: 0 })
    expect(changeRows(null, null)).toEqual({ rows: [], equal: 0 })
    expect(changeRows(JSON.parse('{"__proto__":1}') as never, {})).toEqual({
      rows: [{ field: '__proto__', before: '1', after: null }],
      equal: 0,
    })
  })
})

describe('what the page Audit says', () => {
  const row = (outcome: AuditRow['outcome']): AuditRow => ({
    id: 'i',
    atMs: 1,
    seq: 1,
    who: 'Ada',
    kind: 'user',
    did: 'a',
    raw: null,
    tried: null,
    target: { text: 't', id: 't', path: null },
    reason: null,
    outcome,
    address: null,
    fleetId: null,
  })
  const all = { q: '', more: false, later: false }

  test('of its entries', () => {
    expect(auditSentence([], all, 'Airfield')).toBe('Nothing was done in Airfield yet')
    expect(auditSentence([row('done')], all, 'x')).toBe('No refusal among the newest 1 entry')
    expect(auditSentence([row('done'), row('denied')], all, 'x')).toBe('1 refusal among the newest 2 entries')
    expect(auditSentence([row('denied')], { ...all, later: true }, 'x')).toBe('1 refusal among these 1 entry')
    expect(auditSentence([row('done')], { ...all, q: 'who:Ada', more: true }, 'x')).toBe(
      'At least 1 entry matches “who:Ada”',
    )
  })

  const mac = '0123456789abcdef'.repeat(4)
  const report = {
    entries: 12_345,
    adopted: 0,
    upTo: { seq: 12_345, mac },
    outsideUpTo: null,
    firstBad: null,
  }

  test('of the chain, with its head to be compared', () => {
    const words = (over: object) =>
      chainWords({ ...report, state: 'holds', isHeadGiven: false, ...over } as Parameters<
        typeof chainWords
      >[0])
    expect(words({})).toEqual({
      kind: 'ok',
      words: 'Chain holds: 12,345 entries, up to number 12,345',
      head: '12345:0123456789ab…',
    })
    expect(words({ isHeadGiven: true }).words).toBe(
      'Chain holds: 12,345 entries, up to number 12,345, and the head that was kept elsewhere is in it',
    )
    expect(words({ state: 'unfinished' }).words).toBe('Checked up to entry 12,345…')
    expect(words({ state: 'broken', firstBad: { what: 'Entry 7 is gone' } })).toEqual({
      kind: 'crit',
      words: 'Chain broken. Entry 7 is gone',
      head: null,
    })
  })

  test('of a check: call by call, with the head that was kept elsewhere in each', async () => {
    const said: string[] = []
    const asked: string[] = []
    const answers = [
      { ...report, state: 'unfinished', entries: 5, upTo: { seq: 5, mac } },
      {
        ...report,
        state: 'unfinished',
        entries: 2,
        upTo: { seq: 7, mac },
        outsideUpTo: { atMs: 9, id: 'an-id' },
      },
      { ...report, state: 'holds', entries: 0, upTo: { seq: 7, mac } },
    ]
    const done = await askChain(
      `6:${mac}`,
      ({ words }) => said.push(words),
      async (url) => {
        asked.push(decodeURIComponent(String(url)))
        return Response.json(answers.shift())
      },
    )
    expect(done).toBe(true)
    expect(asked).toEqual([
      `/api/admin/v1/audit/verify?head=6:${mac}`,
      `/api/admin/v1/audit/verify?after=5:${mac}&head=6:${mac}`,
      `/api/admin/v1/audit/verify?after=7:${mac}&outside=9:an-id&head=6:${mac}`,
    ])
    expect(said.at(-1)).toBe(
      'Chain holds: 7 entries, up to number 7, and the head that was kept elsewhere is in it',
    )
  })

  test('of no answer, or a refusal: that nothing is known, and never that the chain is broken', async () => {
    const of = async (ask: typeof fetch, head = ''): Promise<ChainWords | undefined> => {
      const said: ChainWords[] = []
      expect(await askChain(head, (words) => said.push(words), ask)).toBe(false)
      return said.at(-1)
    }
    const lost = await of(() => Promise.reject(new TypeError('no connection')))
    expect(lost).toMatchObject({ kind: 'unk', head: null })
    expect(lost?.words).toContain('did not answer')
    const never = () => Promise.reject(new Error('nothing is asked'))
    expect((await of(never, 'no head'))?.words).toContain('must be SEQ:MAC')
    const refused = { title: 'The request is not valid', errors: [] }
    expect(await of(async () => Response.json(refused, { status: 400 }))).toMatchObject({ kind: 'unk' })
    expect(await of(async () => new Response('<html>', { status: 504 }))).toMatchObject({ kind: 'unk' })
    expect(await of(async () => new Response('<html>'))).toMatchObject({ kind: 'unk' })
  })
})

describe('what a row of the audit log says', () => {
  const ID = '01890000-0000-7000-8000-00000000abcd'
  const entry = (over: Partial<ListedAudit>): ListedAudit => ({
    id: 'i',
    atMs: 1,
    seq: 1,
    mac: 'm',
    fleetId: null,
    actor: { kind: 'user', id: 'u', name: 'Ada' },
    action: 'session.start',
    target: `user/${ID}`,
    reason: null,
    before: null,
    after: null,
    address: null,
    outcome: 'done',
    ...over,
  })

  test('of a refused request: why in words, its code apart, and what was asked', () => {
    const refused = entry({
      actor: NOBODY,
      action: 'POST /api/admin/v1/invitations',
      target: 'unauthorized',
      outcome: 'denied',
    })
    expect(auditRow(refused)).toMatchObject({
      who: 'nobody signed in',
      kind: null,
      did: 'refused: no valid credential',
      raw: 'unauthorized',
      tried: 'POST /api/admin/v1/invitations',
    })
    const sum = { ...refused, action: 'denials.more', after: { more: 7, like: 'GET /api/admin/v1/audit' } }
    expect(auditRow(sum)).toMatchObject({
      did: 'refused 7 times more: no valid credential',
      tried: 'GET /api/admin/v1/audit',
    })
    const several = { ...sum, target: 'several', after: { more: 7, several: true } }
    const did = 'refused 7 times more: several requests, for several reasons'
    expect(auditRow(several)).toMatchObject({
      who: 'nobody signed in',
      did,
      raw: 'denials.more',
      tried: null,
      target: { text: 'several', path: null },
    })
    expect(auditRow({ ...several, actor: SEVERAL })).toMatchObject({
      who: 'several who are known',
      kind: null,
      did,
    })
    expect(auditRow(entry({ outcome: 'denied' }))).toMatchObject({
      did: 'refused: a sign-in',
      raw: 'session.start',
      tried: null,
    })
    const signIns = {
      action: 'denials.more',
      outcome: 'denied',
      after: { more: 5, like: 'session.start' },
    } as const
    expect(auditRow(entry(signIns))).toMatchObject({
      did: 'refused 5 times more: a sign-in',
      raw: 'denials.more',
      tried: null,
    })
  })

  test('of what was done: words for the usual, the rest as it is written', () => {
    expect(auditRow(entry({}))).toMatchObject({ who: 'Ada', did: 'signed in', raw: 'session.start' })
    expect(auditRow(entry({ action: 'new.thing' }))).toMatchObject({ did: 'new.thing', raw: null })
    expect(auditRow(entry({ action: 'toString' }))).toMatchObject({ did: 'toString', raw: null })
  })

  test('of its target: its name, or the end of its id, with where it stands', () => {
    const of = (action: string, target: string, names = {}) =>
      auditRow(entry({ action, target }), names).target
    expect(of('session.start', `user/${ID}`, { [ID]: 'Bo' })).toEqual({
      text: 'Bo',
      id: `user/${ID}`,
      path: '/settings/people',
    })
    expect(of('device.enroll', ID)).toEqual({ text: '0189…00abcd', id: ID, path: `/devices/${ID}` })
    expect(of('dead-letter.replay', ID).path).toBe(`/dead-letters/${ID}`)
    // What is gone has no page.
    expect(of('collection.remove', ID).path).toBeNull()
    expect(of('retention.change', 'retention')).toEqual({ text: 'retention', id: 'retention', path: null })
  })
})
