import { expect, it } from 'vitest'
import type { Json } from '#lib/kernel/json.ts'
import type { OtOperation } from '#lib/protocol/mutation.ts'
import {
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  EngineWorld,
  mutationBy,
  patch,
  put,
  rulesOf,
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
