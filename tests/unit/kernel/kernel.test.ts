import { describe, expect, it } from 'vitest'
import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import type { Hlc } from '#lib/kernel/hlc.ts'
import { compareHlc, formatHlc, parseHlc, receiveHlc, tickHlc } from '#lib/kernel/hlc.ts'
import { canonicalJson, jsonEqual, withKey } from '#lib/kernel/json.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import { assert, unreachable } from '#lib/kernel/result.ts'
import { isUuid, uuidv7 } from '#lib/kernel/uuid.ts'
import { uuidv7TimeMs } from '#tests/support/uuid-time.ts'
import {
  VERSION_VECTOR_ENTRIES_MAX,
  foldVector,
  recordWrite,
  seenUpTo,
  writtenByOthersSince,
} from '#lib/kernel/version-vector.ts'
import { DEVICE_A, DEVICE_B } from '#tests/support/engine-world.ts'

describe('hlc', () => {
  const last: Hlc = { wallMs: 1_000, counter: 3, deviceId: DEVICE_A }

  it('is written as the contract shows it', () => {
    const hlc = { wallMs: 0x0192f0a1b2c3, counter: 3, deviceId: DEVICE_A }
    expect(formatHlc(hlc)).toBe(`0192f0a1b2c3-0003-${DEVICE_A}`)
    expect(parseHlc(formatHlc(hlc))).toEqual({ ok: true, value: hlc })
    for (const bad of [
      '',
      '0192f0a1b2c3-0003-',
      '0192F0A1B2C3-0003-x',
      `0192f0a1b2c3-003-${DEVICE_A}`,
      `x${formatHlc(hlc)}`,
    ]) {
      expect(parseHlc(bad).ok).toBe(false)
    }
  })

  it('goes on when the clock stands or runs back, and borrows a millisecond when the counter is full', () => {
    expect(tickHlc(last, 1_001.9)).toEqual({ ...last, wallMs: 1_001, counter: 0 })
    expect(tickHlc(last, 1_000)).toEqual({ ...last, counter: 4 })
    expect(tickHlc(last, 10)).toEqual({ ...last, counter: 4 })
    expect(tickHlc({ ...last, counter: 0xffff }, 1_000)).toEqual({ ...last, wallMs: 1_001, counter: 0 })
  })

  it('is later than what it has received', () => {
    expect(receiveHlc(last, { wallMs: 1_000, counter: 9 }, 10)).toEqual({ ...last, counter: 10 })
    expect(receiveHlc(last, { wallMs: 2_000, counter: 9 }, 10)).toEqual({
      ...last,
      wallMs: 2_000,
      counter: 10,
    })
    expect(receiveHlc(last, { wallMs: 2_000, counter: 9 }, 3_000)).toEqual({
      ...last,
      wallMs: 3_000,
      counter: 0,
    })
  })

  it('orders by time, counter, device', () => {
    expect(compareHlc(formatHlc(last), formatHlc({ ...last, counter: 4 }))).toBe(-1)
    expect(compareHlc(formatHlc({ ...last, deviceId: DEVICE_B }), formatHlc(last))).toBe(1)
    expect(compareHlc(formatHlc(last), formatHlc(last))).toBe(0)
  })
})

describe('version vectors', () => {
  it('note writes', () => {
    expect(recordWrite({ a: 1 }, 'b', 2)).toEqual({ a: 1, b: 2 })
    expect(recordWrite({ a: 9 }, 'a', 2)).toEqual({ a: 9 })
  })

  it('know who wrote since', () => {
    expect(writtenByOthersSince({ a: 3, b: 2 }, 'a', 2)).toBe(false)
    expect(writtenByOthersSince({ a: 3, b: 2 }, 'a', 1)).toBe(true)
    expect(writtenByOthersSince({ server: 5 }, 'a', 4)).toBe(true)
  })

  it('end at what somebody has seen', () => {
    expect(seenUpTo({ a: 3, b: 2 }, 2)).toEqual({ a: 2, b: 2 })
    expect(seenUpTo({ a: 3 })).toEqual({ a: 3 })
  })

  it('keep the newest entries and fold the rest into the server’s', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`d${i}`, i + 1]))
    const folded = foldVector(many)
    expect(Object.keys(folded)).toHaveLength(VERSION_VECTOR_ENTRIES_MAX)
    expect(folded).toMatchObject({ d99: 100, d37: 38, server: 37 })
    expect(foldVector({ ...folded, server: 90 })).toMatchObject({ server: 90 })
  })
})

describe('json', () => {
  it('is canonical whatever the order of keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'é' }], a: true })).toBe(
      '{"a":true,"b":[1,{"c":"é","d":null}]}',
    )
    expect(jsonEqual({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true)
    expect(jsonEqual({ a: 1 }, { a: 1, b: 2 })).toBe(false)
    expect(jsonEqual([1], { 0: 1 })).toBe(false)
    expect(jsonEqual(null, undefined)).toBe(false)
  })

  it('holds __proto__ as a key', () => {
    const evil = JSON.parse('{"__proto__":1}') as JsonObject
    expect(canonicalJson(withKey(evil, 'a', 2))).toBe('{"__proto__":1,"a":2}')
    expect(jsonEqual(evil, {})).toBe(false)
    expect(canonicalJson(withKey(evil, '__proto__', undefined))).toBe('{}')
  })
})

describe('ids, texts and chance', () => {
  it('a UUIDv7 carries its time and sorts by it', () => {
    const random = seededRandom(7)
    const ids = [1, 1_700_000_000_000, 2 ** 48 - 1].map((nowMs) => uuidv7(nowMs, random))
    expect(ids.every(isUuid)).toBe(true)
    expect(ids.map(uuidv7TimeMs)).toEqual([1, 1_700_000_000_000, 2 ** 48 - 1])
    const early = uuidv7(-86_400_000, random)
    expect([isUuid(early), uuidv7TimeMs(early)]).toEqual([true, 0])
    expect([...ids].sort()).toEqual(ids)
    expect(ids[1]).toMatch(/^.{14}7.{4}[89ab]/)
    expect(isUuid(ids[1]?.toUpperCase())).toBe(false)
  })

  it('equal seeds give equal chance', () => {
    const [a, b, c] = [seededRandom(1), seededRandom(1), seededRandom(2)]
    const draws = Array.from({ length: 20 }, a)
    expect(Array.from({ length: 20 }, b)).toEqual(draws)
    expect(Array.from({ length: 20 }, c)).not.toEqual(draws)
  })

  it('base64url has one text per byte string', () => {
    expect(encodeBase64url(new Uint8Array([251, 255]))).toBe('-_8')
    expect(decodeBase64url('-_8')).toEqual(new Uint8Array([251, 255]))
    for (const bad of ['-_9', '-_8=', '+/8', 'A', ' ', 'Aé', '-_8\n']) expect(decodeBase64url(bad)).toBeNull()
    const random = seededRandom(1)
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256))
      const text = Buffer.from(bytes).toString('base64url')
      expect(encodeBase64url(bytes)).toBe(text)
      expect(decodeBase64url(text)).toEqual(bytes)
    }
  })

  it('impossible states are loud', () => {
    expect(() => assert(0, 'no zero')).toThrow('assertion failed: no zero')
    expect(() => unreachable('x' as never)).toThrow('unexpected "x"')
  })
})
