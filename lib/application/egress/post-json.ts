import { lookup } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { CheckedUrl } from './check-url.ts'
import { checkUrl, hostRefusal } from './check-url.ts'
import type { Destination, EgressGuard } from './egress-guard.ts'

export const ANSWER_BYTES_MAX = 1024 * 1024

export interface GetRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** For all of it: resolving, connecting, answer. */
  readonly timeoutMs: number
}

export interface PostRequest extends GetRequest {
  readonly body: string
}

export interface PostAnswer {
  readonly status: number
  readonly body: string
  /** The header as it came. */
  readonly retryAfter: string | null
}

/** Calls to the outside on somebody's behalf; a failure is told in words. */
export interface Egress {
  /** What is wrong with this URL, before it is ever called; null when nothing is. */
  refusal(url: string): string | null
  postJson(request: PostRequest): Promise<Result<PostAnswer, string>>
  /** With the authorization that the operator gave for that host, if any. */
  get(request: GetRequest): Promise<Result<PostAnswer, string>>
  /** Of a server that is no web server: the address to connect to, judged, and whether it may be spoken to in the clear. */
  placeOf(destination: Destination, timeoutMs: number): Promise<Result<Place, string>>
}

export interface Place {
  readonly address: string
  /** On the allowlist: the operator vouches for the way there. */
  readonly isNamed: boolean
}

/** Addresses of a name, as the system resolves it. */
export type Resolve = (host: string) => Promise<readonly string[]>

const resolveBySystem: Resolve = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address)

/**
 * The egress of a process (security check 40). A name is resolved once, every address of it is judged, and the connection
 * goes to the first: what the name says afterwards doesn't matter. Redirects are not followed.
 * @param authorizations of pages that are asked, by host or host and port; no other call shows them
 */
export function createEgress(
  guard: EgressGuard,
  resolve: Resolve = resolveBySystem,
  authorizations: ReadonlyMap<string, string> = new Map(),
): Egress {
  const call = async ({ url, timeoutMs }: GetRequest, outgoing: (checked: CheckedUrl) => Outgoing) => {
    const checked = checkUrl(guard, url)
    if (!checked.ok) return checked
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      const address = await before(deadline, addressOf(guard, resolve, checked.value))
      if (!address.ok) return address
      return ok(await send(checked.value, address.value, outgoing(checked.value), deadline))
    } catch (error) {
      if (deadline.aborted) return err(`no answer within ${timeoutMs} ms`)
      return err(error instanceof Error ? error.message : String(error))
    }
  }
  return {
    refusal: (url) => {
      const checked = checkUrl(guard, url)
      return checked.ok ? null : checked.error
    },
    postJson: (request) =>
      call(request, () => ({
        method: 'POST',
        headers: { ...request.headers, 'content-type': 'application/json' },
        body: Buffer.from(request.body),
      })),
    get: (request) =>
      call(request, ({ host, port }) => {
        const authorization = authorizations.get(`${host}:${port}`) ?? authorizations.get(host)
        const headers = { ...request.headers, ...(authorization !== undefined && { authorization }) }
        return { method: 'GET', headers, body: null }
      }),
    placeOf: async (destination, timeoutMs) => {
      const refusal = hostRefusal(guard, destination)
      if (refusal !== null) return err(refusal)
      const deadline = AbortSignal.timeout(timeoutMs)
      try {
        const address = await before(deadline, addressOf(guard, resolve, destination))
        const isNamed = guard.namesHost(destination)
        return address.ok ? ok({ address: address.value, isNamed }) : address
      } catch (error) {
        return err(
          deadline.aborted ? `no address of ${destination.host} within ${timeoutMs} ms` : String(error),
        )
      }
    },
  }
}

interface Outgoing {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | null
}

async function addressOf(
  guard: EgressGuard,
  resolve: Resolve,
  { host, port }: Destination,
): Promise<Result<string, string>> {
  if (isIP(host) !== 0) return ok(host)
  const addresses = await resolve(host)
  const [first] = addresses
  if (first === undefined) return err(`${host} has no address`)
  const isOpen = guard.namesHost({ host, port }) || addresses.every((address) => guard.admits(address, port))
  return isOpen ? ok(first) : err(`${host} leads to an address that is not public`)
}

function before<T>(deadline: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    deadline.addEventListener('abort', () => reject(new Error('too late')), { once: true })
    work.then(resolve, reject)
  })
}

function send(
  { url, host, port }: CheckedUrl,
  address: string,
  { method, headers, body }: Outgoing,
  signal: AbortSignal,
): Promise<PostAnswer> {
  const options = {
    method,
    host: address,
    port,
    path: `${url.pathname}${url.search}`,
    headers: {
      ...headers,
      host: url.host,
      ...(body !== null && { 'content-length': String(body.length) }),
    },
    // No connection outlives its call: each is judged anew.
    agent: false,
    signal,
  }
  return new Promise((resolve, reject) => {
    const sending =
      url.protocol === 'https:'
        ? httpsRequest({ ...options, ...(isIP(host) === 0 && { servername: host }) })
        : httpRequest(options)
    sending.on('error', reject)
    sending.on('response', (response) => {
      const parts: Buffer[] = []
      let size = 0
      response.on('data', (part: Buffer) => {
        size += part.length
        parts.push(part)
        if (size > ANSWER_BYTES_MAX)
          sending.destroy(new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`))
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(parts).toString(),
          retryAfter: response.headers['retry-after'] ?? null,
        }),
      )
    })
    sending.end(body ?? undefined)
  })
}
