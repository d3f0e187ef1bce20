import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** The checkout that these scripts belong to. */
export const ROOT = path.resolve(import.meta.dirname, '../..')

/**
 * A hash over files and folders of the checkout, names included; what does not exist counts as empty.
 * @param {string[]} paths relative to the checkout
 * @param {(file: string) => boolean} [skip]
 */
export function hashOf(paths, skip = () => false) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap((each) => filesIn(each)).sort()) {
    if (skip(file)) continue
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(ROOT, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

/** @param {string} relative @returns {string[]} */
function filesIn(relative) {
  const stats = statSync(path.join(ROOT, relative), { throwIfNoEntry: false })
  if (!stats) return []
  if (!stats.isDirectory()) return [relative]
  return readdirSync(path.join(ROOT, relative)).flatMap((name) => filesIn(`${relative}/${name}`))
}

/** What a stamp file says, or '' when there is none. @param {string} relative */
export function readStamp(relative) {
  try {
    return readFileSync(path.join(ROOT, relative), 'utf8').trim()
  } catch {
    return ''
  }
}

/** @param {string} relative @param {string} value */
export function writeStamp(relative, value) {
  writeFileSync(path.join(ROOT, relative), `${value}\n`)
}
