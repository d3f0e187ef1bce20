import { promisify } from 'node:util'
import { brotliCompress, constants, crc32, deflateRaw, gzip } from 'node:zlib'
import { remembering } from '#lib/application/remembering.ts'
import type { Begun, Encoder } from '#lib/application/sync/shared-pages.ts'

/** Shorter answers grow rather than shrink. */
const COMPRESS_FROM_BYTES = 1_024
/** Quality 4 is about gzip's time and still smaller. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }
/** Ends on a whole byte, and open: a block can be put behind it. */
const BROTLI_OPEN = { ...BROTLI, finishFlush: constants.BROTLI_OPERATION_FLUSH }
const DEFLATE_OPEN = { finishFlush: constants.Z_SYNC_FLUSH }

/** Also of what goes out as it is: another caller, or a longer answer, would get it otherwise. */
const VARY = { vary: 'accept-encoding' } as const

const toBrotli = promisify(brotliCompress)
const toGzip = promisify(gzip)
const toDeflate = promisify(deflateRaw)

export interface Encoded {
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string> & typeof VARY>
}

/** Whether it goes out as it is, whatever its caller takes. */
export const isShort = (text: string): boolean =>
  text.length < COMPRESS_FROM_BYTES && Buffer.byteLength(text) < COMPRESS_FROM_BYTES
export const asItIs = (text: string): Encoded => ({ body: text, headers: VARY })

/** An answer in the best encoding that the caller takes: brotli, gzip, or as it is. */
export async function compress(text: string, accepted: string | null): Promise<Encoded> {
  const encoding = encodingOf(accepted)
  if (encoding === 'identity' || isShort(text)) return asItIs(text)
  const body = encoding === 'br' ? await toBrotli(text, BROTLI) : await toGzip(text)
  return { body: new Uint8Array(body), headers: headersOf(encoding) }
}

/** What was encoded by `encoderOf` of the same name. */
export const encodedBy = ({ name }: Encoder, body: Uint8Array<ArrayBuffer>): Encoded => ({
  body,
  headers: headersOf(name),
})

/**
 * The same choice for an answer that is made in two parts, of which the first is compressed once for many callers. What
 * is put behind it goes out as it is, which both formats allow: RFC 7932 (9.2), RFC 1951 (3.2.4).
 */
export const encoderOf = (accepted: string | null): Encoder =>
  (accepted === null ? null : encoderIn(accepted)) ?? ENCODERS.identity
/** What clients accept comes in few spellings. */
const encoderIn = remembering((accepted) => ENCODERS[encodingOf(accepted)], 100)

type Encoding = 'br' | 'gzip' | 'identity'

const ENCODERS: Readonly<Record<Encoding, Encoder>> = {
  br: {
    name: 'br',
    begin: async (text) => {
      const begun = await toBrotli(text, BROTLI_OPEN)
      return begunBy(begun, (rest) => [...blocksOf(rest, BROTLI_BLOCK_MAX, brotliBlock), BROTLI_END])
    },
  },
  gzip: {
    name: 'gzip',
    begin: async (text) => {
      const [sum, length] = [crc32(text), Buffer.byteLength(text)]
      const begun = Buffer.concat([GZIP_HEAD, await toDeflate(text, DEFLATE_OPEN)])
      return begunBy(begun, (rest) => [
        ...blocksOf(rest, STORED_BLOCK_MAX, storedBlock),
        DEFLATE_END,
        numbers32(crc32(rest, sum), length + rest.length),
      ])
    },
  },
  identity: { name: 'identity', begin: async (text) => begunBy(Buffer.from(text), (rest) => [rest]) },
}

const begunBy = (bytes: Buffer, behind: (rest: Buffer) => readonly Buffer[]): Begun => ({
  bytesHeld: bytes.buffer.byteLength,
  end: (rest) => new Uint8Array(Buffer.concat([bytes, ...behind(Buffer.from(rest))])),
})

const blocksOf = (rest: Buffer, max: number, headOf: (length: number) => Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(rest.length / max) }, (_, i) =>
    rest.subarray(i * max, (i + 1) * max),
  ).flatMap((block) => [headOf(block.length), block])

/** A meta-block that is not the last one, of a length in four nibbles, uncompressed; its bytes begin on a whole byte. */
const BROTLI_BLOCK_MAX = 65_536
function brotliBlock(length: number): Buffer {
  const head = Buffer.alloc(3)
  head.writeUIntLE(((length - 1) << 3) | (1 << 19), 0, 3)
  return head
}
/** A last and empty one. */
const BROTLI_END = Buffer.from([0b11])

/** Deflate, without a time, from a system that isn't told (RFC 1952, 2.3). */
const GZIP_HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
const STORED_BLOCK_MAX = 65_535
const storedBlock = (length: number): Buffer => {
  const head = Buffer.alloc(5)
  head.writeUInt16LE(length, 1)
  head.writeUInt16LE(length ^ 0xffff, 3)
  return head
}
/** The last block, stored and empty. */
const DEFLATE_END = Buffer.from([1, 0, 0, 0xff, 0xff])

function numbers32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, i * 4)
  return bytes
}

const headersOf = (encoding: string) =>
  encoding === 'identity' ? VARY : { 'content-encoding': encoding, ...VARY }

const encodingOf = (accepted: string | null): Encoding =>
  takes(accepted, 'br') ? 'br' : takes(accepted, 'gzip') ? 'gzip' : 'identity'

const takes = (accepted: string | null, encoding: string): boolean =>
  (accepted ?? '').split(',').some((part) => {
    const [name, quality] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*q=/)
    return name === encoding && Number(quality ?? 1) > 0
  })
