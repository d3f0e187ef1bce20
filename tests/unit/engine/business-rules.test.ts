import { describe, expect, it } from 'vitest'
import { checkRules, findViolation } from '#lib/engine/business-rules.ts'
import { CEL_STEPS_MAX } from '#lib/engine/cel/compile.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import {
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  mutationBy,
  patch,
  put,
  remove,
  rulesOf,
  uuid,
} from '#tests/support/engine-world.ts'

const device = { id: DEVICE_A, platform: 'ios', appVersion: '2.4.1' } as const
const rule = (cel: string, id = 'r') => ({ id, cel, message: 'not like this' })
const holds = (cel: string, doc: JsonObject | null, old: JsonObject | null = null) =>
  findViolation([rule(cel)], { old, new: doc, device })?.detail ?? 'holds'
const fault = (cel: string) => checkRules([rule(cel)])[0]

describe('business rules', () => {
  it('[BL1] a rule holds over old, new and device, and its message is told when it does not', () => {
    expect(holds('new.total >= 0', { total: 3 })).toBe('holds')
    expect(holds('new.total >= 0', { total: -1 })).toBe('rule r: not like this')
    expect(holds('old == null || new.step >= old.step', { step: 2 }, { step: 3 })).toBe(
      'rule r: not like this',
    )
    expect(holds('old == null || new.step >= old.step', { step: 2 })).toBe('holds')
    expect(holds('device.platform == "ios" && device.appVersion.startsWith("2.")', {})).toBe('holds')
  })

  it('[BL1] JSON has one kind of number: whole numbers in a rule mix with those of the document', () => {
    const doc = { count: 3, price: 1.5, list: [1, 2, 3] }
    for (const cel of [
      'new.count + 1 == 4',
      'new.price * 2 == 3',
      'new.count % 2 == 1',
      'new.count / 2 == 1.5',
      '10 - new.count == new.price + 5.5',
      'size(new.list) == new.count',
      'new.list.all(x, x > 0) && new.list.exists(x, x == 2)',
    ])
      expect([cel, holds(cel, doc)]).toEqual([cel, 'holds'])
  })

  it('[BL1] what cannot be evaluated is a violation that says why, and never a throw', () => {
    expect(holds('new.total > 1', {})).toBe('rule r could not be evaluated: No such key: total')
    expect(holds('new.total > 1', { total: 'x' })).toMatch(/could not be evaluated: no such overload/)
    expect(holds('new.a', { a: 'text' })).toBe('rule r: not like this')
    expect(holds('bool(new.a)', { a: 'x'.repeat(9_000) }).length).toBeLessThan(400)
    expect(holds('old.a == 1', { a: 1 })).toMatch(/could not be evaluated/)
  })

  it('[BL1] a delete is asked only of rules that speak of it', () => {
    expect(holds('new.total >= 0', null, { total: 1 })).toBe('holds')
    expect(holds('new != null || old.state != "closed"', null, { state: 'closed' })).toBe(
      'rule r: not like this',
    )
    expect(holds('new != null || old.state != "closed"', null, { state: 'open' })).toBe('holds')
  })

  it('[BL2] prototype keys are data', () => {
    const doc = JSON.parse('{"__proto__":{"x":1},"constructor":2}') as JsonObject
    expect(holds('has(new.__proto__) && new.__proto__.x == 1 && new.constructor == 2', doc)).toBe('holds')
    expect(holds('has(new.toString) || has(new.constructor)', {})).toBe('rule r: not like this')
    expect(holds('"constructor" in new', {})).toBe('rule r: not like this')
  })

  it('[BL2] what cannot be published is told with its place', () => {
    expect(fault('new.a >')).toEqual({ path: '/0/cel', message: 'at 7: Unexpected token: EOF' })
    expect(fault('nobody == 1')).toEqual({ path: '/0/cel', message: 'at 0: Unknown variable: nobody' })
    expect(fault('1 + 2')?.message).toBe('at 0: gives int, must give true or false')
    expect(fault('new.a.matches("(a+)+$")')?.message).toMatch(/matches\(\) is not available here/)
    expect(fault('new.list.map(x, [x, x]) == []')?.message).toMatch(/map\(\) is not available here/)
    expect(fault('cel.bind(x, new.a, x == x)')?.message).toMatch(/bind\(\) is not available here/)
    expect(fault(`${'('.repeat(40)}true${')'.repeat(40)}`)?.message).toMatch(/depth/i)
    expect(fault(`[${'1,'.repeat(150)}1] == []`)?.message).toMatch(/list/i)
    expect(fault('x'.repeat(2_001))?.message).toMatch(/longer than 2000/)
    expect(fault(Array.from({ length: 100 }, () => 'new.a == 1').join(' && '))?.message).toMatch(/nodes/i)
    expect(checkRules([rule('true'), rule('true')])).toEqual([
      { path: '/1/id', message: 'r stands there twice' },
    ])
  })

  it('[BL2] lists that would take too long are a violation, not a wait', () => {
    const list = Array.from({ length: 20_000 }, (_, n) => n)
    const startedAt = performance.now()
    expect(holds('new.list.all(x, new.list.exists(y, y == x))', { list })).toMatch(/lists .* too long/)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(holds('new.list.all(x, x >= 0)', { list: list.slice(0, CEL_STEPS_MAX / 100) })).toBe('holds')
  })
})

describe('[BL2] what reads a value whole counts for as many steps as it takes', () => {
  const text = `${'a'.repeat(150_000)}b`
  const items = Array.from({ length: 8_000 }, (_, n) => n)
  const CASES: readonly (readonly [string, JsonObject])[] = [
    ['new.tags.all(t, new.text.contains(t))', { text, tags: Array.from({ length: 1_000 }, () => 'aaaaab') }],
    ['new.tags.all(t, new.text.lowerAscii() != t)', { text, tags: Array.from({ length: 1_000 }, () => 'x') }],
    ['new.items.all(i, !(i in new.others))', { items, others: items }],
    ['new.items.all(i, new.items != new.others)', { items, others: items }],
  ]

  it.each(CASES)('%s over much is a violation, not a wait', (cel, doc) => {
    expect(holds(cel, doc)).toMatch(/lists .* too long/)
  })

  it('a part that nearly stands everywhere in a text is looked for in time that grows with both', () => {
    const [some, most] = ['a'.repeat(25_000), 'a'.repeat(200_000)]
    const startedAt = performance.now()
    expect(holds('new.text.contains(new.part)', { text: most, part: `${some}b${some}` })).toMatch(/not like/)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    const found = { text: `${most}b${most}`, part: `${some}b${some}` }
    expect(holds('new.text.contains(new.part) && !new.part.contains(new.text)', found)).toBe('holds')
    expect(holds('new.text.contains(5)', found)).toMatch(/no matching overload for 'string.contains\(int\)'/)
  })

  it('a duration is read in time that grows with its length', () => {
    const startedAt = performance.now()
    for (const text of ['1'.repeat(2_000), '2h'.repeat(50_000)])
      expect(holds('duration(new.text) > duration("0s")', { text })).toMatch(/at most 64 characters/)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(holds('duration(new.text) == duration("90m")', { text: '1h30m' })).toBe('holds')
    expect(holds('duration(new.text) > duration("0s")', { text: '1 hour' })).toMatch(/Invalid duration/)
  })

  it('lists that are put together count as long as they are', () => {
    const long = Array.from({ length: 20_000 }, (_, n) => n)
    const all = Array.from({ length: 90 }, () => 'new.list').join(' + ')
    expect(holds(`size(${all}) > 0`, { list: long })).toMatch(/too long/)
  })

  it('lists within a list count as many as they are, and what is compared in its items no more than that', () => {
    const line = { net: 1, tax: 2, gross: 3, text: 'some words' }
    const lines = Array.from({ length: 2_000 }, () => line)
    expect(holds('new.lines.all(l, l.net + l.tax == l.gross)', { lines })).toBe('holds')
    const sections = Array.from({ length: 40 }, () => ({ lines: lines.slice(0, 20) }))
    expect(holds('new.sections.all(s, s.lines.all(l, l.net > 0))', { sections })).toBe('holds')
    const ids = lines.slice(0, 60).map((_, id) => ({ id }))
    expect(holds('new.ids.all(x, new.ids.exists_one(y, x.id == y.id))', { ids })).toBe('holds')
  })

  it('and over what a document usually has it is evaluated', () => {
    const tags = Array.from({ length: 50 }, (_, n) => `tag ${n}`)
    expect(holds('new.tags.all(t, new.text.contains(t))', { text: tags.join(), tags })).toBe('holds')
    const few = items.slice(0, 500)
    expect(holds('new.items.all(i, i in new.others)', { items: few, others: few })).toBe('holds')
  })

  it('[PU7] what a push spends on rules is bounded: what comes after that waits for another push', () => {
    const list = Array.from({ length: 1_000 }, (_, n) => n)
    const server = new EngineWorld(
      rulesOf({ rules: [{ id: 'all', cel: 'new.list.all(x, x >= 0)', message: 'm' }] }),
    )
    const results = server.push(
      DEVICE_A,
      Array.from({ length: 500 }, (_, n) =>
        mutationBy(DEVICE_A, put({ list }), { recordId: uuid('e', n + 1) }),
      ),
    )
    const waits = results.findIndex(({ status }) => status === 'retry')
    expect(waits).toBeGreaterThan(10)
    expect(results.slice(0, waits).every(({ status }) => status === 'applied')).toBe(true)
    expect(results.slice(waits)).toMatchObject(results.slice(waits).map(() => ({ code: 'push_full' })))
  })
})

describe('rules in a push', () => {
  const rules = [
    { id: 'positive', cel: 'new.a + new.b > 0', message: 'the sum must be positive' },
    { id: 'ios-only', cel: 'device.platform == "ios"', message: 'only from iOS' },
  ]

  it('[BL1] a broken rule makes a dead letter with the rule and its message; the rest goes on', () => {
    const server = new EngineWorld(rulesOf({ rules }))
    const bad = mutationBy(DEVICE_A, put({ a: -5, b: 1 }))
    const good = mutationBy(DEVICE_A, put({ a: 5, b: 1 }), { recordId: DEVICE_B })
    expect(server.push(DEVICE_A, [bad, good])).toMatchObject([
      {
        status: 'dead_lettered',
        code: 'rule_violation',
        detail: 'rule positive: the sum must be positive',
      },
      { status: 'applied' },
    ])
  })

  it('[BL1] the result of a merge is judged too, though each side was fine', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'field-merge', rules }))
    server.send(DEVICE_A, put({ a: 3, b: 3 }))
    server.send(DEVICE_A, patch({ a: -2 }), { baseVersion: 1 })
    const result = server.send(DEVICE_B, patch({ b: -2 }), { baseVersion: 1 })
    expect(result).toMatchObject({ status: 'dead_lettered', code: 'rule_violation' })
    expect(server.text).toBe('{"a":-2,"b":3}')
  })

  it('[BL1] a delete passes rules that only speak of documents', () => {
    const server = new EngineWorld(rulesOf({ rules }))
    server.send(DEVICE_A, put({ a: 3, b: 3 }))
    expect(server.send(DEVICE_A, remove, { baseVersion: 1 })).toMatchObject({ status: 'applied' })
  })
})
