import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { encodeBase64 } from '#lib/kernel/base64.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import {
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  mutationBy,
  patch,
  put,
  rulesOf,
} from '#tests/support/engine-world.ts'

const KINDS: readonly (readonly [string, Partial<CollectionRules>])[] = [
  ['a collection under ot', { strategy: 'ot' }],
  ['a collection under ot with the field named', { strategy: 'ot', fieldStrategies: { '/body': 'ot' } }],
  ['a field under ot', { strategy: 'field-merge', fieldStrategies: { '/body': 'ot' } }],
  ['a field under ot of a record that is a whole', { strategy: 'lww', fieldStrategies: { '/body': 'ot' } }],
  ['a field under crdt', { strategy: 'field-merge', fieldStrategies: { '/body': 'crdt' } }],
]
const START = 'one two three four five six seven eight nine ten'
/** What makes a text of it, where nothing else does. */
function typedFirst({ strategy, fieldStrategies = {} }: Partial<CollectionRules>): Operation | null {
  const kind = fieldStrategies['/body'] ?? strategy
  if (kind === 'ot')
    return fieldStrategies['/body']
      ? null
      : { type: 'ot', path: '/body', kind: 'text', baseRevision: 0, ops: [START] }
  const doc = new Y.Doc()
  doc.getText('text').insert(0, START)
  const update = encodeBase64(Y.encodeStateAsUpdate(doc))
  return { type: 'crdt', changes: [{ path: '/body', kind: 'text', update }] }
}

/** What B left of it, who takes out three words. */
const THEIRS = START.replace('one two three ', '')

/** Text by text what A writes, each time on what it wrote before. */
const words = (...changes: readonly (readonly [string, string])[]): readonly string[] =>
  changes.reduce<readonly string[]>(
    (texts, [from, to]) => [...texts, (texts.at(-1) ?? START).replace(from, to)],
    [],
  )

const versionOf = (result: MutationResult | undefined): number =>
  result && 'version' in result ? result.version : 0

type Between = (body: string) => Operation

/**
 * A writes the text twice, with another write between them, and hears no answer to that; then it goes on, with the answer's
 * base from the second write on. B wrote the text first, and where it `contests` with a later stamp, the other field too.
 */
function chained(
  rules: Partial<CollectionRules>,
  contests: boolean,
  between: Between,
  later: readonly Between[] = [],
) {
  const server = new EngineWorld(rulesOf({ tieRule: 'lww', ...rules }))
  const first = typedFirst(rules)
  server.send(DEVICE_A, put(first ? { n: 0 } : { body: START, n: 0 }))
  if (first) server.send(DEVICE_A, first, { baseVersion: 1 })
  const base = first ? 2 : 1
  const theirs: JsonObject = contests ? { body: THEIRS, n: 2 } : { body: THEIRS }
  server.send(DEVICE_B, patch(theirs), { baseVersion: base, atMs: 1_000 })
  const texts = words(
    ['five', 'five AAA'],
    ['four', 'four ZZZ'],
    ['six', 'six BBB'],
    ['seven', 'seven CCC'],
    [' eight', ''],
  )
  const [a, z, b, c, cut] = texts.map((body) => patch({ body }))
  let [last, atMs]: [Mutation | undefined, number] = [undefined, 0]
  const link = (op: Operation | undefined, baseVersion: number): Mutation =>
    (last = mutationBy(DEVICE_A, op as Operation, {
      baseVersion,
      atMs: (atMs += 10),
      ...(last ? { after: last.id } : {}),
    }))
  const before = server.push(DEVICE_A, [
    link(a, base),
    link(between(texts[0] as string), base),
    link(z, base),
  ])
  const newer = versionOf(before.at(-1))
  const waited = later.map((made) => made(texts[2] as string))
  const after = server.push(
    DEVICE_A,
    [link(b, base), ...waited.map((op) => link(op, base))].concat(link(c, newer), link(cut, newer)),
  )
  return { server, statuses: [before, after].map((results) => results.map(({ status }) => status)) }
}

const EXPECTED = 'four ZZZ five AAA six BBB seven CCC nine ten'

describe.each(KINDS)('a text written on in a chain of two bases, of %s', (_, rules) => {
  const setsN = (): Operation => patch({ n: 1 })
  const saysAll = (body: string): Operation => put({ body, n: 7 })

  it('[AF2] [CS5] stands where its device had it, whether or not another field of the chain was superseded', () => {
    for (const contests of [false, true]) {
      const { server, statuses } = chained(rules, contests, setsN)
      expect(statuses[0]?.[1] === 'superseded').toBe(contests)
      expect(statuses[1]?.filter((status) => status !== 'merged' && status !== 'applied')).toEqual([])
      expect(server.record?.data).toEqual({ body: EXPECTED, n: contests ? 2 : 1 })
    }
  })

  it('[AF2] [CS5] so it does where all of the record was superseded, the text as it was', () => {
    const { server, statuses } = chained(rules, true, saysAll)
    expect(statuses.flat()).not.toContain('dead_lettered')
    expect(statuses.flat()).not.toContain('conflict')
    expect(server.record?.data?.['body']).toBe(EXPECTED)
  })

  it('[AF2] [CS5] so it does behind one that says the text as it was, was superseded and waits for its answer', () => {
    const { server, statuses } = chained(rules, true, setsN, [saysAll])
    expect(statuses[1]?.[1]).toBe('superseded')
    expect(server.record?.data).toEqual({ body: EXPECTED, n: 2 })
  })
})
