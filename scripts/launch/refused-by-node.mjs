import { ANSWER_SECURITY } from './answer-security.mjs'

/**
 * Request line and headers together. A pull may carry a token of 16,000 characters, 100 names of collections and a report
 * on 200 of them (lib/protocol/limits.ts, report.ts): some 45 KiB, of which Node takes 16 KiB by itself.
 */
export const HEADER_BYTES_MAX = 64 * 1024

/** As lib/protocol/error-codes.ts has them; a test holds the two together. */
export const REFUSED = {
  HPE_HEADER_OVERFLOW: {
    code: 'headers_too_large',
    status: 431,
    title: 'The headers are larger than 64 KiB',
    help: 'Send shorter ones; a pull needs no `collections` when it asks for all.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 'request_timeout',
    status: 408,
    title: 'The request took too long to arrive',
    help: 'Send it again, or less at once.',
  },
  METHOD: { code: 'method_not_allowed', status: 405, title: 'Not with this method', help: 'See `Allow`.' },
  malformed: {
    code: 'malformed_request',
    status: 400,
    title: 'This is no HTTP request',
    help: 'Look at what lies between: a proxy, or a client that is no HTTP client.',
  },
}
const REASONS = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' }

/**
 * Answers what Node refuses before anybody sees a request, as every other error is (RFC 9457). A `clientError` listener.
 * @param hasBegun whether an answer is under way on that connection: another one in the middle of it would be read as its part
 */
export function refuse(error, socket, hasBegun) {
  if (!socket.writable || error.code === 'ECONNRESET' || hasBegun) return void socket.destroy(error)
  const { status, headers, body } = answerTo(REFUSED[error.code] ?? REFUSED.malformed)
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** The same for a request that Node lets through, and that says not what it is for. */
export function malformed(request, response) {
  const { status, headers, body } = answerTo(REFUSED.malformed)
  response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body)
}

const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
/** What the Fetch standard lets no Request have: whoever makes one of it fails, and that would be told as a 500. */
const UNSPEAKABLE = new Set(['TRACE', 'TRACK', 'CONNECT'])

/** Refuses a method that no request of ours can have; false for all others. */
export function refuseMethod(request, response) {
  if (!UNSPEAKABLE.has(request.method)) return false
  const { status, headers, body } = answerTo(REFUSED.METHOD)
  response.writeHead(status, { ...headers, Allow: ALLOW }).end(body)
  return true
}

function answerTo({ code, status, title, help }) {
  const body = JSON.stringify({ type: `/docs/errors#${code}`, title, status, code, help })
  const headers = {
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...ANSWER_SECURITY,
    'Tidemark-Version': '1',
    'Tidemark-Now': Date.now(),
    Connection: 'close',
  }
  return { status, headers, body }
}
