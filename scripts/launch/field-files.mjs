import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { takesBrotli } from './compressed-files.mjs'

const PLACE = '/field'
const DOCUMENT = 'index.html'
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
}
/** Of names that change with the content. */
const YEAR = 'public, max-age=31536000, immutable'

/**
 * The document has no script and no style of its own, so nothing is allowed but files of this origin: it can be kept on a
 * device as it is, which a nonce would forbid.
 */
const POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' data:`,
  `font-src 'self'`,
  `connect-src 'self'`,
  `manifest-src 'self'`,
  `worker-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ')

const SECURITY = {
  'content-security-policy': POLICY,
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  // A link that lets a device in is opened here: its address goes nowhere.
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'x-frame-options': 'DENY',
}

/**
 * The field client (scripts/field/build.ts), from memory. Answers true where it has answered; without a build it answers
 * nothing.
 * @param {string} folder
 * @returns {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => boolean}
 */
export function fieldFiles(folder) {
  const files = readFiles(folder)
  return (request, response) => {
    const file = files.get((request.url ?? '').split('?', 1)[0])
    if (file === undefined) return false
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD', ...SECURITY }).end()
      return true
    }
    const isCompressed = file.brotli !== undefined && takesBrotli(request.headers['accept-encoding'])
    const body = isCompressed ? file.brotli : file.content
    response.writeHead(200, {
      ...SECURITY,
      ...file.headers,
      ...(isCompressed ? { 'content-encoding': 'br' } : {}),
      ...(file.brotli === undefined ? {} : { vary: 'Accept-Encoding' }),
      'content-length': body.length,
    })
    response.end(request.method === 'HEAD' ? undefined : body)
    return true
  }
}

/** @param {string} folder */
function readFiles(folder) {
  /** @type {Map<string, { content: Buffer, brotli: Buffer | undefined, headers: Record<string, string> }>} */
  const files = new Map()
  const names = namesIn(folder)
  for (const name of names) {
    const type = TYPES[path.extname(name)]
    if (type === undefined) continue
    const read = (file) => readFileSync(path.join(folder, file))
    files.set(name === DOCUMENT ? PLACE : `${PLACE}/${name}`, {
      content: read(name),
      brotli: names.includes(`${name}.br`) ? read(`${name}.br`) : undefined,
      headers: {
        'content-type': type,
        'cache-control': name.startsWith('assets/') ? YEAR : 'no-cache',
        // It leads the document, which stands above its folder.
        ...(name === 'sw.js' ? { 'service-worker-allowed': PLACE } : {}),
      },
    })
  }
  return files
}

function namesIn(folder) {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      name.replaceAll(path.sep, '/'),
    )
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}
