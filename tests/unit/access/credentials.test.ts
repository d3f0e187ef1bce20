import { describe, expect, test } from 'vitest'
import {
  bearerOf,
  hashCredential,
  makeApiCredential,
  makeFleetCredential,
  parseCredential,
} from '#lib/application/access/credentials.ts'

const FLEET = '01890a5d-ac96-774b-bcce-b302099a8057'

describe('credentials', () => {
  test('[check 21] say their kind and fleet, and are kept as a hash only', () => {
    const device = makeFleetCredential('device', FLEET)
    expect(device.text).toMatch(new RegExp(`^tmd_${FLEET}_[0-9a-f]{48}_[0-9a-f]{8}$`))
    expect(parseCredential(device.text)).toEqual({
      kind: 'device',
      fleetId: FLEET,
      hash: hashCredential(device.text),
    })
    expect(device.hash).toMatch(/^[0-9a-f]{64}$/)
    const enrollment = makeFleetCredential('enrollment', FLEET)
    expect(parseCredential(enrollment.text)).toMatchObject({ kind: 'enrollment', fleetId: FLEET })
    const key = makeApiCredential()
    expect(parseCredential(key.text)).toEqual({ kind: 'api', hash: key.hash })
  })

  test('[check 21] are refused when any one character is another', () => {
    for (const { text } of [makeFleetCredential('device', FLEET), makeApiCredential()]) {
      for (let at = 0; at < text.length; at += 1) {
        const flipped = text[at] === 'a' ? 'b' : 'a'
        expect(parseCredential(text.slice(0, at) + flipped + text.slice(at + 1)), `at ${at}`).toBeNull()
      }
    }
  })

  test.each([
    '',
    'tmd',
    'tmd_',
    'tmx_a_b',
    '__proto___a_b_c',
    `tmd_${FLEET}`,
    `tmk_${'0'.repeat(48)}_00000000`,
  ])('%j is none', (text) => expect(parseCredential(text)).toBeNull())

  test('never come twice', () => {
    const made = new Set(Array.from({ length: 100 }, () => makeApiCredential().text))
    expect(made.size).toBe(100)
  })

  test('are read from a bearer header only', () => {
    const of = (authorization: string) => bearerOf(new Headers({ authorization }))
    expect(of('Bearer abc')).toBe('abc')
    expect(of('bearer abc')).toBe('abc')
    expect(of('Basic abc')).toBeNull()
    expect(of('Bearer a b')).toBeNull()
    expect(of(`Bearer ${'x'.repeat(201)}`)).toBeNull()
    expect(bearerOf(new Headers())).toBeNull()
  })
})
