import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The folder of the package that a bundled file is of; null for one of our own. */
export const packageOf = (file: string): string | null =>
  /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? null

/** Their licences ask for it: the names of what is bundled, with the text of each licence, as far as a package brings it. */
export const noticesOf = (folders: Iterable<string>): string => [...folders].sort().map(noticeOf).join('\n')

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: string
  }
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each))
  const text = file ? readFileSync(path.join(folder, file), 'utf8').trim() : ''
  if (!license && text === '') throw new Error(`${name} names no licence: it can't be bundled`)
  return `## ${name} ${version} (${license ?? 'as follows'})\n\n${text}\n`
}
