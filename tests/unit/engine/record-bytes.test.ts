import { describe, expect, it } from 'vitest'
import { jsonBytes } from '#lib/kernel/json.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { whyTooLarge } from '#lib/engine/record-bytes.ts'
import { recordKey } from '#lib/engine/types.ts'
import { ANSWER_BYTES_MAX } from '#lib/client/transport.ts'
import { PULL_BYTES_MAX, PUSH_RECORD_BYTES_MAX, RECORD_BYTES_MAX } from '#lib/protocol/limits.ts'
import {
  COLLECTION,
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  RECORD,
  patch,
  put,
  remove,
  rulesOf,
} from '#tests/support/engine-world.ts'

const PART = 'x'.repeat(240_000)

/** A record that grew by parts until one was turned away. */
function grown(server: EngineWorld): number {
  server.send(DEVICE_A, put({ k0: PART }))
  for (let n = 1; n < 30; n++) {
    const result = server.send(DEVICE_A, patch({ [`k${n}`]: PART }), { baseVersion: n })
    if (result.status !== 'applied') return n
  }
  return Infinity
}

const sizeOf = (server: EngineWorld): number => jsonBytes(server.record?.data as Json)

describe('the size of a record', () => {
  it.each(['lww', 'field-merge', 'ot'] as const)(
    '[PU8] is bounded, whatever adds up to it: %s',
    (strategy) => {
      const server = new EngineWorld(rulesOf({ strategy }))
      const parts = grown(server)
      expect(parts).toBe(Math.floor(RECORD_BYTES_MAX / PART.length))
      expect(sizeOf(server)).toBeLessThan(RECORD_BYTES_MAX)
      expect(sizeOf(server)).toBeGreaterThan(RECORD_BYTES_MAX - 2 * PART.length)
      const baseVersion = server.record?.version ?? 0
      const more = server.send(DEVICE_A, patch({ more: PART }), { baseVersion })
      expect(more).toMatchObject({ status: 'dead_lettered', code: 'too_large' })
      expect(server.send(DEVICE_A, patch({ note: 'small' }), { baseVersion })).toMatchObject({
        status: 'applied',
      })
    },
  )

  it('[PU8] counts what comes of a merge, and tells its device what became of it', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'field-merge' }))
    const parts = grown(server)
    server.send(DEVICE_A, patch({ a: 'y'.repeat(60_000) }), { baseVersion: parts })
    const late = server.send(DEVICE_B, patch({ b: PART }), { baseVersion: 1 })
    expect(late).toMatchObject({ status: 'dead_lettered', code: 'too_large' })
    expect(server.send(DEVICE_B, patch({ b: 'b' }), { baseVersion: 1 })).toMatchObject({ status: 'merged' })
  })

  it('[PU8] takes what makes a record smaller that is larger already', () => {
    const server = new EngineWorld()
    server.send(DEVICE_A, put({ k: 'small' }))
    const record = server.record
    if (!record) throw new Error('nothing was written')
    const large = { a: PART.repeat(20), b: PART, c: 'x' }
    const records = new Map([[recordKey(COLLECTION, RECORD), { ...record, data: large }]])
    server.world = { ...server.world, records }
    const send = (set: JsonObject, unset: string[] = []) => {
      const baseVersion = server.record?.version ?? 0
      return server.send(DEVICE_A, patch(set, unset), { baseVersion }).status
    }
    expect(send({ c: 'xx' })).toBe('dead_lettered')
    expect(send({ c: 'y' })).toBe('applied')
    expect(send({}, ['b'])).toBe('applied')
    expect(sizeOf(server)).toBeGreaterThan(RECORD_BYTES_MAX)
    const baseVersion = server.record?.version ?? 0
    expect(server.send(DEVICE_A, remove, { baseVersion }).status).toBe('applied')
  })

  it('[PU8] counts bytes of JSON, states of CRDTs beside the document', () => {
    const half = 'x'.repeat(RECORD_BYTES_MAX / 2 - 100)
    const dots = { kind: 'text', update: half } as const
    expect(whyTooLarge(null, { data: { half }, crdt: {} })).toBeNull()
    expect(whyTooLarge(null, { data: { half }, crdt: { '/t': dots } })).toBeNull()
    const more = { half, more: 'y'.repeat(200) }
    expect(whyTooLarge(null, { data: more, crdt: { '/t': dots } })).toMatch(
      /^the record would have \d+ bytes/,
    )
    expect(whyTooLarge(null, { data: { a: '事'.repeat(RECORD_BYTES_MAX / 3) }, crdt: {} })).not.toBeNull()
    expect(whyTooLarge(null, { data: { a: '事'.repeat(RECORD_BYTES_MAX / 3 - 9) }, crdt: {} })).toBeNull()
    expect(whyTooLarge(null, { data: { a: '\u0001'.repeat(RECORD_BYTES_MAX / 6) }, crdt: {} })).not.toBeNull()
  })

  it('[PU8] leaves answers that a device reads: a page with a record more and its operations, results with a record more', () => {
    expect(2 * PULL_BYTES_MAX + RECORD_BYTES_MAX).toBeLessThan(ANSWER_BYTES_MAX)
    expect(PUSH_RECORD_BYTES_MAX + RECORD_BYTES_MAX).toBeLessThan(ANSWER_BYTES_MAX)
  })
})
