import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ANSWER_SECURITY } from './answer-security.mjs'

const TYPES = { '.js': 'application/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' }
/** Names change with the content. */
const YEAR = 'public, max-age=31536000, immutable'

/**
 * The build's scripts and style sheets as `compressFiles` left them, from memory: half a megabyte, and a build made anew
 * meanwhile takes nothing from under a page that is open. Answers true where it has answered; whoever takes no brotli is Next's.
 * @param {string} folder @param {string} place where it is served, "/_next/static"
 */
export function compressedFiles(folder, place) {
  const files = new Map()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.br'))
      files.set(`${place}/${name.slice(0, -'.br'.length)}`, readFileSync(path.join(folder, name)))
  }
  return (request, response) => {
    const { method, headers, url } = request
    const file = files.get(url.split('?', 1)[0])
    const fits = (method === 'GET' || method === 'HEAD') && headers.range === undefined
    if (file === undefined || !fits || !takesBrotli(headers['accept-encoding'])) return false
    response.writeHead(200, {
      'content-type': TYPES[path.extname(url.split('?', 1)[0])],
      'content-encoding': 'br',
      'content-length': file.length,
      'cache-control': YEAR,
      vary: 'Accept-Encoding',
      ...ANSWER_SECURITY,
    })
    response.end(method === 'HEAD' ? undefined : file)
    return true
  }
}

/** @param {string} [accepted] the header accept-encoding */
export const takesBrotli = (accepted = '') =>
  /(^|[\s,])br($|[\s,]|;(?!\s*q=0(\.0*)?($|[\s,])))/.test(accepted)
