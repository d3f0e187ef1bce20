import { createServer } from 'node:http'
import { HEADER_BYTES_MAX, malformed, refuseMethod } from './refused-by-node.mjs'

/** Who speaks HTTP/1.0, as some health checks do, need not say whom it asks. */
const NO_HOST = 'localhost'

/**
 * Longer than the 60 s for which load balancers keep a connection that waits: they would send a request into one that is
 * just being closed, as a device does that comes back within Node's own 5 s.
 */
const KEEP_ALIVE_MS = 65_000

/**
 * Node's server, for all that HTTP/1.1 allows: what Node would answer by itself, and with nothing in it, is served, or
 * refused as every other error is. `answer` gets requests whose `url` is a path and whose host is one.
 * @param options Node's own
 */
export function createHttpServer(options, answer) {
  const listener = (request, response) => {
    if (request.method === 'OPTIONS' && request.url === '*') return void response.writeHead(204).end()
    if (!hasPlace(request)) malformed(request, response)
    else if (!refuseMethod(request, response)) answer(request, response)
  }
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      ...options,
      maxHeaderSize: HEADER_BYTES_MAX,
      requireHostHeader: false,
    },
    listener,
  )
  // RFC 9110, 10.1.1: what a client expects and nobody knows may be left aside.
  server.on('checkExpectation', listener)
  return server
}

/**
 * Without a listener for them Node answers requests that offer an upgrade by HTTP/1.1 (RFC 9110, 7.8); with one they are
 * the listener's, and Next's destroys what it doesn't know. Only development has a use for any.
 */
export function ignoreUpgrades(server) {
  server.on('newListener', (event, listener) => {
    if (event === 'upgrade') process.nextTick(() => server.off('upgrade', listener))
  })
}

/** Brings the request line to a path (RFC 9112, 3.2); false for one without a host, or with what is none. */
function hasPlace(request) {
  const { headers, httpVersion } = request
  if (/^https?:\/\//i.test(request.url)) {
    const { host, pathname, search } = parsed(request.url)
    if (!host) return false
    headers.host = host
    request.url = `${pathname}${search}`
  }
  if (headers.host === undefined && httpVersion === '1.0') headers.host = NO_HOST
  return isPath(request.url) && isHost(headers.host)
}

/** What stands for no text in UTF-8 (`%ff`) names nothing either: Next answers such a path with an error of its own, a 500. */
function isPath(url) {
  const path = url.split('?', 1)[0]
  if (!path.startsWith('/') || path.includes('\\')) return false
  if (!path.includes('%')) return true
  try {
    return decodeURIComponent(path) !== ''
  } catch {
    return false
  }
}

/** Found to be one. Nearly all requests ask the same, which need not be parsed again. @type {string | undefined} */
let knownHost

function isHost(host) {
  if (host === undefined || host === knownHost) return host !== undefined
  const isOne = !/[\s@/?#\\]/.test(host) && Boolean(parsed(`http://${host}`).hostname)
  if (isOne) knownHost = host
  return isOne
}

function parsed(url) {
  try {
    return new URL(url)
  } catch {
    return {}
  }
}
