import { expect, it } from 'vitest'
import type { Json } from '#lib/kernel/json.ts'
import type { Mutation, Operation, OtOperation } from '#lib/protocol/mutation.ts'
import {
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  EngineWorld,
  mutationBy,
  patch,
  put,
  remove,
  rulesOf,
  stamp,
} from '#tests/support/engine-world.ts'

const LINKED = { linkedIds: [DEVICE_C] }
const text = (ops: Json, baseRevision: number): OtOperation => ({
  type: 'ot',
  path: '/body',
  kind: 'text',
  baseRevision,
  ops,
})

/**
 * Device B types at the revisions that `others` names, C types `E` from `sentFrom`, and its twin A what it made on `E` from
 * `madeFrom`.
 */
function behindCopys(
  others: readonly number[],
  sentFrom: number,
  madeFrom: number,
  { sender = DEVICE_C, beside = false }: { readonly sender?: string; readonly beside?: boolean } = {},
) {
  const server = new EngineWorld(rulesOf({ strategy: 'ot', tieRule: 'lww' }))
  server.send(DEVICE_B, put({ body: 'abc' }))
  for (const revision of others) server.send(DEVICE_B, text(['v'], revision), { baseVersion: 1 + revision })
  const sent = mutationBy(sender, text([2, 'E'], sentFrom), { baseVersion: 1 })
  server.push(sender, [sent])
  const field = mutationBy(DEVICE_A, patch({ n: 1 }), { baseVersion: 1, after: sent.id })
  if (beside) server.push(DEVICE_A, [field], LINKED)
  const made = mutationBy(DEVICE_A, text([3, 'X'], madeFrom), {
    baseVersion: 1,
    after: beside ? field.id : sent.id,
  })
  const [result] = server.push(DEVICE_A, [made], LINKED)
  return [result, server.record?.data?.['body']] as const
}
const detail = 'what it was made on at /body was sent as another one by a copy of the device'
const LETTER = { status: 'dead_lettered', code: 'underivable', detail }

it('[CS5] what stands on what a copy sent past others is a dead letter: nothing tells how the two fit', () => {
  expect(behindCopys([0], 1, 0)).toEqual([expect.objectContaining(LETTER), 'vaEbc'])
  expect(behindCopys([0], 1, 0, { beside: true })).toEqual([expect.objectContaining(LETTER), 'vaEbc'])
})

it('[CS5] so is what was made past others on what a copy sent as it was, where others came between the two', () => {
  expect(behindCopys([0, 1], 0, 1)).toEqual([expect.objectContaining(LETTER), 'vvabEc'])
})

it('[CS5] what a copy sent from where this device has it carries what was made on it', () => {
  expect(behindCopys([0], 0, 0)).toEqual([expect.objectContaining({ status: 'applied' }), 'vabEXc'])
  expect(behindCopys([0], 1, 1)).toEqual([expect.objectContaining({ status: 'applied' }), 'vaEXbc'])
  // Nobody came between the newer revision and the copy's.
  expect(behindCopys([0], 0, 1)).toEqual([expect.objectContaining({ status: 'applied' }), 'vabXEc'])
  expect(behindCopys([], 0, 0)).toEqual([expect.objectContaining({ status: 'applied' }), 'abEXc'])
})

it('[CS5] what a device sent itself is not judged so: what it makes on that waits for the answer', () => {
  const [result] = behindCopys([0, 1], 0, 1, { sender: DEVICE_A })
  expect(result).toMatchObject({ status: 'applied' })
})

const JOINED = { status: 'dead_lettered', code: 'underivable', detail }
const joinedTo = (mutation: Mutation, op: Operation, atMs = 1): Mutation => ({
  ...mutation,
  op,
  hlc: stamp(DEVICE_C, atMs),
})
/** What was sent under C's id stands on the record that B made; A is its twin. */
function joinedBy(rules: Parameters<typeof rulesOf>[0], own: Operation, sent: Operation) {
  const server = new EngineWorld(rulesOf({ tieRule: 'lww', ...rules }))
  server.send(DEVICE_B, put({ body: 'abc', list: [], n: 0 }))
  const parent = mutationBy(DEVICE_A, own, { baseVersion: 1 })
  server.push(DEVICE_C, [joinedTo(parent, sent)])
  const child = (op: Operation, atMs = 2): Mutation =>
    mutationBy(DEVICE_A, op, { baseVersion: 1, after: parent.id, atMs })
  return { server, parent, child, push: (...all: Mutation[]) => server.push(DEVICE_A, all, LINKED) }
}
const NAMED = { strategy: 'field-merge', fieldStrategies: { '/body': 'ot', '/list': 'ot' } } as const
const item = (at: number, value: string): OtOperation => ({
  type: 'ot',
  path: '/list',
  kind: 'json',
  baseRevision: 0,
  ops: [at, { i: value }],
})

it.each([{ strategy: 'ot' } as const, NAMED])(
  '[FK1][CS5] what a push has behind a change that a copy sent with more, or less, in it is a dead letter: %o',
  (rules) => {
    for (const [own, sent] of [
      [text(['X'], 0), text(['YYX'], 0)],
      [text(['YYX'], 0), text(['X'], 0)],
      [put({ body: 'abcX' }), put({ body: 'abcXY' })],
    ] as const) {
      const { server, parent, child, push } = joinedBy(rules, own, sent)
      const stood = server.record?.data
      expect(push(parent, child(text([1, { d: 2 }], 0)))).toMatchObject([{ status: 'duplicate' }, JOINED])
      expect(server.record?.data).toEqual(stood)
    }
    const { push, parent, child } = joinedBy(rules, item(0, 'x'), item(0, 'y'))
    const letter = { ...JOINED, detail: detail.replace('/body', '/list'), path: '/list' }
    expect(push(parent, child(item(1, 'z')))).toMatchObject([{ status: 'duplicate' }, letter])
  },
)

it('[FK1][CS5] so is a document write of that text, and nothing else', () => {
  const write = (op: Operation): unknown => {
    const { parent, child, push } = joinedBy(NAMED, text(['X'], 0), text(['YYX'], 0))
    return push(parent, child(op))[1]
  }
  expect(write(patch({ body: 'Xabd' }))).toMatchObject(JOINED)
  expect(write(put({ body: 'Xabd' }))).toMatchObject(JOINED)
  expect(write(patch({ n: 1 }))).toMatchObject({ status: 'applied' })
  expect(write(item(0, 'z'))).toMatchObject({ status: 'applied' })
  expect(write(remove)).toMatchObject({ status: 'applied' })
})

it('[FK1][CS5] a device that sends it alone is judged by the time: its copy joined more after it was made', () => {
  const sent = text(['YYX'], 0)
  const { child, push } = joinedBy(NAMED, text(['X'], 0), sent)
  expect(push(child(text([1, { d: 2 }], 0), 0))).toMatchObject([JOINED])
  expect(push(child(patch({ n: 1 }), 0))).toMatchObject([{ status: 'applied' }])
})

it('[FK1][CS5] what both copies have alike carries what was made on it, whatever its stamp', () => {
  const { parent, child, push } = joinedBy(NAMED, text(['X'], 0), text(['X'], 0))
  const results = push(parent, child(text([1, { d: 2 }], 0)))
  expect(results).toMatchObject([{ status: 'duplicate' }, { status: 'applied' }])
})

it('[FK1][CS5] nothing that was made so waits behind a conflict, nor is it taken once its letter is replayed', () => {
  const waiting = new EngineWorld(rulesOf({ ...NAMED, strategy: 'manual' }))
  waiting.send(DEVICE_B, put({ body: 'abc' }))
  waiting.send(DEVICE_B, remove, { baseVersion: 1 })
  const held = mutationBy(DEVICE_A, text(['X'], 0), { baseVersion: 1 })
  const [conflict] = waiting.push(DEVICE_C, [joinedTo(held, text(['YYX'], 0))])
  expect(conflict).toMatchObject({ status: 'conflict' })
  const behind = mutationBy(DEVICE_A, text([1, { d: 2 }], 0), { baseVersion: 1, after: held.id, atMs: 2 })
  const results = waiting.push(DEVICE_A, [held, behind], LINKED)
  expect(results).toMatchObject([{ status: 'duplicate' }, { status: 'dead_lettered', code: 'underivable' }])

  const { parent, child, push, server } = joinedBy(NAMED, text(['X'], 0), text(['YYX'], 0))
  const made = child(text([1, { d: 2 }], 0))
  const [, letter] = push(parent, made)
  const replayOf = letter?.status === 'dead_lettered' ? letter.deadLetterId : ''
  expect(server.push(DEVICE_A, [made], { ...LINKED, replayOf })).toMatchObject([JOINED])
  // A person can make a document write of it, on what stands there.
  const edited = child(patch({ body: 'YYXc' }), 0)
  const asEdit = { ...LINKED, replayOf, editOf: made.id }
  expect(server.push(DEVICE_A, [edited], asEdit)).toMatchObject([{ status: 'applied' }])
  expect(server.record?.data?.['body']).toBe('YYXc')
})
