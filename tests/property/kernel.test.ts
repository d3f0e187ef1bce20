import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, encodeBase64 } from '#lib/kernel/base64.ts'
import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import type { Hlc } from '#lib/kernel/hlc.ts'
import { compareHlc, formatHlc, parseHlc, receiveHlc, tickHlc } from '#lib/kernel/hlc.ts'
import type { Json } from '#lib/kernel/json.ts'
import { JSON_BYTES_PER_ROUGH_MAX, canonicalJson, jsonBytes, jsonEqual, roughSize } from '#lib/kernel/json.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import { isUuid, uuidv7 } from '#lib/kernel/uuid.ts'
import { uuidv7TimeMs } from '#tests/support/uuid-time.ts'
import type { VersionVector } from '#lib/kernel/version-vector.ts'
import { SERVER_ENTRY, recordWrite, writtenByOthersSince } from '#lib/kernel/version-vector.ts'
import { cases } from '#tests/support/cases.ts'
import { uuid } from '#tests/support/engine-world.ts'

const timeMs = fc.integer({ min: 0, max: 2 ** 42 })
const hlc: fc.Arbitrary<Hlc> = fc.record({
  wallMs: timeMs,
  counter: fc.integer({ min: 0, max: 0xffff }),
  deviceId: fc.integer({ min: 0, max: 5 }).map((n) => uuid('a', n)),
})
const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>

describe('sizes of JSON', () => {
  it('bytes are those of its text, and never more than what the rough size allows', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', '\u0001', 'é', '事', '😀', '\ud800', '\udc00') })
    const value = fc.oneof(json, fc.array(text), fc.dictionary(text, fc.double()), fc.double())
    fc.assert(
      fc.property(value as fc.Arbitrary<Json>, (some) => {
        const bytes = Buffer.byteLength(JSON.stringify(some))
        expect(jsonBytes(some)).toBe(bytes)
        expect(bytes).toBeLessThanOrEqual(roughSize(some) * JSON_BYTES_PER_ROUGH_MAX)
      }),
    )
  })
})

describe('hlc', () => {
  it('text sorts as the clock counts', () => {
    fc.assert(
      fc.property(hlc, hlc, (a, b) => {
        const order =
          a.wallMs - b.wallMs ||
          a.counter - b.counter ||
          (a.deviceId < b.deviceId ? -1 : a.deviceId > b.deviceId ? 1 : 0)
        expect(compareHlc(formatHlc(a), formatHlc(b))).toBe(Math.sign(order))
        expect(parseHlc(formatHlc(a))).toEqual({ ok: true, value: a })
      }),
    )
  })

  it('never runs back, whatever the wall clock does, and is later than all it has seen', () => {
    const step = fc.oneof(fc.record({ nowMs: timeMs }), fc.record({ nowMs: timeMs, seen: hlc }))
    fc.assert(
      fc.property(hlc, fc.array(step, { maxLength: 30 }), (start, steps) => {
        let last = start
        for (const one of steps) {
          const next = 'seen' in one ? receiveHlc(last, one.seen, one.nowMs) : tickHlc(last, one.nowMs)
          expect(formatHlc(next) > formatHlc(last)).toBe(true)
          if ('seen' in one)
            expect(formatHlc(next).slice(0, 17) > formatHlc(one.seen).slice(0, 17)).toBe(true)
          expect(next.wallMs).toBeGreaterThanOrEqual(one.nowMs)
          last = next
        }
      }),
    )
  })
})

describe('version vectors', () => {
  /** A record's history: who made versions 1, 2, 3, … */
  const history = fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 300 })

  it('nobody who wrote after the base is ever overlooked, folded or not', () => {
    fc.assert(
      fc.property(history, fc.nat(), fc.integer({ min: 0, max: 120 }), (writers, p, me) => {
        const base = p % (writers.length + 1)
        const now = writers.reduce<VersionVector>((v, w, i) => recordWrite(v, `d${w}`, i + 1), {})
        const truth = writers.slice(base).some((writer) => writer !== me)
        const told = writtenByOthersSince(now, `d${me}`, base)
        if (truth) expect(told).toBe(true)
        else if (!Object.hasOwn(now, SERVER_ENTRY)) expect(told).toBe(false)
      }),
      { numRuns: cases(60) },
    )
  })
})

describe('ids and texts', () => {
  it('UUIDv7s are well-formed, carry their time and don’t repeat', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 47 }), fc.integer(), (nowMs, seed) => {
        const random = seededRandom(seed)
        const ids = Array.from({ length: 50 }, () => uuidv7(nowMs, random))
        expect(new Set(ids).size).toBe(50)
        for (const id of ids) expect(isUuid(id) && uuidv7TimeMs(id) === nowMs).toBe(true)
      }),
    )
  })

  it('canonical JSON: equal values, equal texts; different values, different texts', () => {
    const shuffle = (value: Json): Json =>
      Array.isArray(value)
        ? value.map(shuffle)
        : typeof value === 'object' && value !== null
          ? (JSON.parse(
              `{${Object.entries(value)
                .reverse()
                .map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(shuffle(v as Json))}`)
                .join(',')}}`,
            ) as Json)
          : value
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(canonicalJson(shuffle(a))).toBe(canonicalJson(a))
        expect(jsonEqual(a, shuffle(a))).toBe(true)
        expect(jsonEqual(a, b)).toBe(canonicalJson(a) === canonicalJson(b))
        expect(jsonEqual(JSON.parse(canonicalJson(a)) as Json, JSON.parse(JSON.stringify(a)) as Json)).toBe(
          true,
        )
      }),
    )
  })

  it('base64 is what a browser makes of it, and reads what one reads', () => {
    const letters = fc.string({
      unit: fc.constantFrom(...Array.from('AZaz09+/=-_\n\u00e9\u{1f680}')),
      maxLength: 12,
    })
    const byBrowser = (text: string): Uint8Array | null => {
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
      try {
        return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
      } catch {
        return null
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), letters, (bytes, text) => {
        expect(encodeBase64(bytes)).toBe(btoa(String.fromCharCode(...bytes)))
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes)
        expect(decodeBase64(encodeBase64(bytes).replaceAll('=', ''))).toEqual(bytes)
        expect(decodeBase64(text)).toEqual(byBrowser(text))
      }),
      { numRuns: cases(1_000) },
    )
  })

  it('base64url reads back, and only its own spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.string({ maxLength: 20 }), (bytes, text) => {
        expect(encodeBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
        expect(decodeBase64url(encodeBase64url(bytes))).toEqual(bytes)
        const read = decodeBase64url(text)
        if (read) expect(encodeBase64url(read)).toBe(text)
      }),
    )
  })
})
