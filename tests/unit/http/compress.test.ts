import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compress, encodedBy, encoderOf } from '#lib/http/compress.ts'

const ACCEPTED = [
  ['br, gzip', 'br', brotliDecompressSync],
  ['gzip;q=1, br;q=0', 'gzip', gunzipSync],
  ['deflate', undefined, (bytes: Uint8Array) => bytes],
] as const

describe.each(ACCEPTED)('an answer to a caller that takes %s', (accepted, encoding, decode) => {
  const encoder = encoderOf(accepted)

  it('is the text that was begun once with the caller’s own end', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 3_000 })
    const ends = fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(text, ends, async (beginning, rests) => {
        const begun = await encoder.begin(beginning)
        for (const rest of rests)
          expect(Buffer.from(decode(begun.end(rest)))).toEqual(Buffer.from(beginning + rest))
      }),
      { numRuns: 60 },
    )
  })

  it('may have an end of any length: blocks that take no more than 64 KiB follow each other', async () => {
    const begun = await encoder.begin('[')
    for (const length of [65_535, 65_536, 65_537, 140_000]) {
      const rest = 'é'.repeat(length / 2) + 'x'.repeat(length % 2)
      expect(Buffer.from(decode(begun.end(rest))).equals(Buffer.from(`[${rest}`))).toBe(true)
    }
  })

  it('says the same of itself as one that was made in one piece', async () => {
    const whole = await compress('x'.repeat(2_000), accepted)
    const { headers } = encodedBy(encoder, new Uint8Array())
    expect(headers).toEqual(whole.headers)
    expect([headers['content-encoding'], headers['vary']]).toEqual([encoding, 'accept-encoding'])
  })
})
