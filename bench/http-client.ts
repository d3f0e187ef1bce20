import { Agent, request as httpRequest } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'

export interface Answer {
  readonly status: number
  /** As it came, compressed or not. */
  readonly body: Buffer
  readonly encoding: string | undefined
  readonly tookMs: number
}

export interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly bearer: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

const APP = '1.0.0;linux'

/**
 * Speaks to one server over connections that stay open. Between rounds a server may close idle ones, so each round
 * has a client of its own.
 */
export class HttpClient {
  private readonly agent = new Agent({ keepAlive: true })
  private readonly url: string

  constructor(url: string) {
    this.url = url
  }

  send({ method, path, bearer, body, headers }: Call): Promise<Answer> {
    const sentMs = performance.now()
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const all = {
      authorization: `Bearer ${bearer}`,
      'tidemark-app': APP,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...length,
      ...headers,
    }
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        `${this.url}${path}`,
        { method, agent: this.agent, headers: all },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body: Buffer.concat(chunks),
              encoding: response.headers['content-encoding'],
              tookMs: performance.now() - sentMs,
            }),
          )
        },
      )
      request.on('error', reject)
      request.end(body)
    })
  }

  close(): void {
    this.agent.destroy()
  }
}

/** The text of an answer. @throws where it is another status than this */
export function textOf({ status, body, encoding }: Answer, expected = 200): string {
  const text = decoded(body, encoding).toString('utf8')
  if (status !== expected) throw new Error(`${status} instead of ${expected}: ${text.slice(0, 500)}`)
  return text
}

function decoded(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'br') return brotliDecompressSync(body)
  return encoding === 'gzip' ? gunzipSync(body) : body
}

/** Works on all of them, `width` at a time; the results are in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as T, at)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}

/** By nearest rank, of values in any order. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
}
