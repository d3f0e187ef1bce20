import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Mac, Position, SyncToken, TokenReader } from '#lib/engine/token.ts'
import { advance, decodeToken, encodeToken, mergePositions, startPosition } from '#lib/engine/token.ts'
import { TOKEN_LIFE_MS } from '#lib/protocol/limits.ts'
import { DEVICE_A, DEVICE_B, NOW_MS, uuid } from '#tests/support/engine-world.ts'

const mac: Mac = (bytes) => createHmac('sha256', 'a test key').update(bytes).digest()
const token: SyncToken = {
  fleetId: uuid('d', 1),
  deviceId: DEVICE_A,
  epoch: 3,
  issuedAtMs: NOW_MS,
  positions: { reports: { version: 41, snapshot: null }, sites: { version: 7, snapshot: { target: 90 } } },
}
const reader: TokenReader = { fleetId: token.fleetId, deviceId: DEVICE_A, epoch: 3, nowMs: NOW_MS }
const text = encodeToken(token, mac)
const read = (changes: Partial<TokenReader>) => decodeToken(text, { ...reader, ...changes }, mac)

describe('sync token', () => {
  it('[TK1] reads back what was written, and is safe in a URL', () => {
    expect(decodeToken(text, reader, mac)).toEqual({ ok: true, value: token })
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/)
  })

  it('[TK1] another fleet, device or key is token_invalid', () => {
    expect(read({ fleetId: uuid('d', 2) })).toEqual({ ok: false, error: 'token_invalid' })
    expect(read({ deviceId: DEVICE_B })).toEqual({ ok: false, error: 'token_invalid' })
    const otherKey: Mac = (bytes) => createHmac('sha256', 'another').update(bytes).digest()
    expect(decodeToken(text, reader, otherKey)).toEqual({ ok: false, error: 'token_invalid' })
  })

  it('[TK1] another epoch is token_expired, an unknown format token_invalid', () => {
    expect(read({ epoch: 4 })).toEqual({ ok: false, error: 'token_expired' })
    const bytes = Buffer.from(text, 'base64url')
    const payload = bytes.subarray(0, bytes.length - 32)
    payload[0] = 2
    const forged = Buffer.concat([payload, mac(payload)]).toString('base64url')
    expect(decodeToken(forged, reader, mac)).toEqual({ ok: false, error: 'token_invalid' })
  })

  it('[TK1] no text throws', () => {
    for (const junk of [
      '',
      'A',
      'AQ',
      '=',
      'é',
      ' ',
      text.slice(1),
      `${text}A`,
      `${text} `,
      text.slice(0, 60),
      'A'.repeat(400),
    ]) {
      expect(decodeToken(junk, reader, mac)).toEqual({ ok: false, error: 'token_invalid' })
    }
  })

  it('[TK5] lives 30 days', () => {
    expect(read({ nowMs: NOW_MS + TOKEN_LIFE_MS }).ok).toBe(true)
    expect(read({ nowMs: NOW_MS + TOKEN_LIFE_MS + 1 })).toEqual({ ok: false, error: 'token_expired' })
  })

  it('[TK3] merged positions never go back, and a collection not asked for keeps its place', () => {
    const at = (version: number, target?: number): Position => ({
      version,
      snapshot: target === undefined ? null : { target },
    })
    expect(mergePositions({ a: at(5), b: at(9) }, { a: at(7), c: at(1) })).toEqual({
      a: at(7),
      b: at(9),
      c: at(1),
    })
    expect(mergePositions({ a: at(7) }, { a: at(5) })).toEqual({ a: at(7) })
    expect(mergePositions({ a: at(90) }, { a: at(10, 80) })).toEqual({ a: at(90) })
    expect(mergePositions({ a: at(10, 80) }, { a: at(20, 80) })).toEqual({ a: at(20, 80) })
    // A snapshot that either has finished is finished, also where the other one read further.
    expect(mergePositions({ a: at(90, 200) }, { a: at(10) })).toEqual({ a: at(90) })
    expect(mergePositions({ a: at(10) }, { a: at(90, 200) })).toEqual({ a: at(90) })
  })

  it('[TK4] a first snapshot runs to the head at its start, and is complete there', () => {
    expect(startPosition(0)).toEqual({ version: 0, snapshot: null })
    const started = startPosition(100)
    const half = advance(started, 60)
    expect(half).toEqual({ version: 60, snapshot: { target: 100 } })
    expect(advance(half, 100)).toEqual({ version: 100, snapshot: null })
    expect(advance(half, 130)).toEqual({ version: 130, snapshot: null })
    expect(advance(half, 10)).toEqual(half)
  })
})
