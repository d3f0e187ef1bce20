import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Position, Positions, SyncToken } from '#lib/engine/token.ts'
import { advance, decodeToken, encodeToken, heldOf } from '#lib/engine/token.ts'
import { cases } from '#tests/support/cases.ts'
import { DEVICE_A, NOW_MS, uuid } from '#tests/support/engine-world.ts'

const mac = (bytes: Uint8Array): Uint8Array => createHmac('sha256', 'a test key').update(bytes).digest()
const position: fc.Arbitrary<Position> = fc
  .record({
    version: fc.nat(1_000),
    snapshot: fc.option(fc.record({ target: fc.nat(2_000) }), { nil: null }),
    behind: fc.nat(50),
  })
  .map(({ version, snapshot, behind }) => {
    const held = version - behind
    return behind > 0 && held >= 0 ? { version, snapshot, held } : { version, snapshot }
  })
const positions = fc
  .dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), position, { maxKeys: 5 })
  .map((drawn): Positions => ({ ...drawn }))
const reader = { fleetId: uuid('d', 1), deviceId: DEVICE_A, epoch: 2, nowMs: NOW_MS }
const tokenWith = (drawn: Positions): SyncToken =>
  ({ ...reader, issuedAtMs: NOW_MS, positions: drawn }) as SyncToken

describe('sync token', () => {
  it('[TK1] reads back, and any flipped byte or changed character is token_invalid', () => {
    fc.assert(
      fc.property(
        positions,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom(...'Az09-_=!'.split('')),
        (drawn, at, flip, char) => {
          const text = encodeToken(tokenWith(drawn), mac)
          const read = decodeToken(text, reader, mac)
          expect(read.ok && read.value.positions).toEqual(drawn)
          const bytes = Buffer.from(text, 'base64url')
          bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ flip
          expect(decodeToken(bytes.toString('base64url'), reader, mac)).toEqual({
            ok: false,
            error: 'token_invalid',
          })
          const i = at % text.length
          const altered = text.slice(0, i) + char + text.slice(i + 1)
          if (altered !== text)
            expect(decodeToken(altered, reader, mac)).toEqual({ ok: false, error: 'token_invalid' })
        },
      ),
      { numRuns: cases(500) },
    )
  })

  it('[TK1] any text is read without a throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.uint8Array().map((b) => Buffer.from(b).toString('base64url')),
        ),
        (text) => {
          expect(decodeToken(text, reader, mac)).toEqual({ ok: false, error: 'token_invalid' })
        },
      ),
    )
  })

  it('[TK3] no page takes a position back, wherever it ended', () => {
    const pages = fc.array(fc.record({ version: fc.nat(1_500), grown: fc.nat(50) }), { maxLength: 8 })
    fc.assert(
      fc.property(position, pages, (start, read) => {
        let before = start
        let head = start.version
        for (const { version, grown } of read) {
          head += grown
          const after = advance(before, Math.min(version, head), head)
          expect(after.version).toBeGreaterThanOrEqual(before.version)
          expect(heldOf(after)).toBeGreaterThanOrEqual(heldOf(before))
          if (before.snapshot === null) expect(after.snapshot).toBeNull()
          before = after
        }
      }),
    )
  })
})
