import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Mac, Position, SyncToken, TokenReader } from '#lib/engine/token.ts'
import { advance, decodeToken, encodeToken, heldOf, startPosition } from '#lib/engine/token.ts'
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

  it('[TK3] a page leaves a collection where it was or further, and a snapshot that is complete stays so', () => {
    const at = (version: number, target?: number): Position => ({
      version,
      snapshot: target === undefined ? null : { target },
    })
    expect(advance(at(7), 5, 7)).toEqual(at(7))
    expect(advance(at(90), 10, 80)).toEqual(at(90))
    expect(advance(at(5), 9, 9)).toEqual(at(9))
    expect(advance(at(90, 200), 10, 90)).toEqual(at(90, 200))
    expect(advance(at(90, 200), 210, 210)).toEqual(at(210))
  })

  it('[TK4] a first snapshot runs to the head at its start, and is complete there', () => {
    expect(startPosition(0)).toEqual({ version: 0, snapshot: null })
    const started = startPosition(100)
    const half = advance(started, 60, 100)
    expect(half).toEqual({ version: 60, snapshot: { target: 100 }, held: 0 })
    expect(advance(half, 100, 100)).toEqual({ version: 100, snapshot: null })
    expect(advance(half, 130, 150)).toEqual({ version: 130, snapshot: null, held: 0 })
    expect(advance(half, 10, 100)).toEqual(half)
  })

  it('[TK9] says up to where all is held: a run of pages has it from where it began until it comes to the head', () => {
    const whole: Position = { version: 40, snapshot: null }
    const page = advance(whole, 50, 90)
    expect([page, heldOf(page)]).toEqual([{ version: 50, snapshot: null, held: 40 }, 40])
    expect(advance(page, 60, 91)).toEqual({ version: 60, snapshot: null, held: 40 })
    expect(advance(page, 91, 91)).toEqual({ version: 91, snapshot: null })
    // Of a collection behind the one that a page was cut in nothing was read.
    expect([advance(whole, 40, 90), advance(whole, 40, 40)]).toEqual([whole, whole])
    const positions = { reports: page, sites: whole, tasks: advance(startPosition(90), 50, 90) }
    const made = encodeToken({ ...token, positions }, mac)
    expect(decodeToken(made, reader, mac)).toEqual({ ok: true, value: { ...token, positions } })
  })

  it('[TK9] a token of the release before is read, and may be from the middle of such a run', () => {
    const payload = { f: token.fleetId, d: DEVICE_A, e: 3, t: NOW_MS, p: { reports: [41], sites: [7, 90] } }
    const signed = Buffer.concat([Buffer.of(1), Buffer.from(JSON.stringify(payload))])
    const old = Buffer.concat([signed, mac(signed)]).toString('base64url')
    const positions = {
      reports: { version: 41, snapshot: null, held: 0 },
      sites: { version: 7, snapshot: { target: 90 }, held: 0 },
    }
    expect(decodeToken(old, reader, mac)).toEqual({ ok: true, value: { ...token, positions } })
    expect(advance(positions.reports, 45, 45)).toEqual({ version: 45, snapshot: null })
  })
})
