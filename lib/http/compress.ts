import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** Shorter answers grow rather than shrink. */
const COMPRESS_FROM_BYTES = 1_024
/** Quality 4 is about gzip's time and still smaller. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }

/** Also of what goes out as it is: another caller, or a longer answer, would get it otherwise. */
const VARY = { vary: 'accept-encoding' } as const

const toBrotli = promisify(brotliCompress)
const toGzip = promisify(gzip)

export interface Encoded {
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}

/** An answer in the best encoding that the caller takes: brotli, gzip, or as it is. */
export async function compress(text: string, accepted: string | null): Promise<Encoded> {
  const headers = (encoding: string) => ({ 'content-encoding': encoding, ...VARY })
  if (Buffer.byteLength(text) < COMPRESS_FROM_BYTES) return { body: text, headers: VARY }
  if (takes(accepted, 'br'))
    return { body: new Uint8Array(await toBrotli(text, BROTLI)), headers: headers('br') }
  if (takes(accepted, 'gzip')) return { body: new Uint8Array(await toGzip(text)), headers: headers('gzip') }
  return { body: text, headers: VARY }
}

const takes = (accepted: string | null, encoding: string): boolean =>
  (accepted ?? '').split(',').some((part) => {
    const [name, quality] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*q=/)
    return name === encoding && Number(quality ?? 1) > 0
  })
