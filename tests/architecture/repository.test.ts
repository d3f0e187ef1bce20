import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { missingEntries } from '../../scripts/lock/missing-entries.mjs'

const ROOT = path.resolve(import.meta.dirname, '../..')
const LINES_MAX = 400
/** Longer files, each with why. */
const LONG_FILES: Record<string, string> = {
  'package-lock.json': 'written by npm',
  'bench/peer/npm/package-lock.json': 'written by npm',
  'app/styles/base.css': 'one sheet: the elements as they stand everywhere',
  'ops/prometheus/alerts.test.yml': 'made by npm run docs, a rule after the other',
}
/** What is there by its nature long or not text. */
const NO_SOURCE = /^tests\/|^docs\/|^ops\/grafana\/|\.(png|svg|gz|ndjson|md|sql|prisma)$|^LICENSE$/
const MACHINE_PATH = new RegExp(
  ['/work' + '/', '/ho' + 'me/[a-z]', '/Us' + 'ers/[a-z]', '/ro' + 'ot/'].join('|'),
)

/** What is or will be committed: tracked, or new and not ignored. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(ROOT, file)))
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')
const texts = files.filter((file) => !/\.(png|gz|br|ico|woff2?)$/.test(file))

describe('the repository', () => {
  it('is seen whole', () => {
    expect(files).toContain('package.json')
    expect(files.length).toBeGreaterThan(200)
  })

  it('names no path of a machine that it was written on', () => {
    expect(texts.filter((file) => MACHINE_PATH.test(read(file)))).toEqual([])
  })

  it('has locks without download addresses', () => {
    const locks = files.filter((file) => file.endsWith('package-lock.json'))
    expect(locks).toHaveLength(2)
    expect(locks.filter((file) => read(file).includes('"resolved"'))).toEqual([])
  })

  it('has a lock that `npm ci` accepts: every optional package has its entry', () => {
    expect(missingEntries(JSON.parse(read('package-lock.json')))).toEqual([])
  })

  it(`has no source file over ${LINES_MAX} lines without a reason`, () => {
    const long = texts.filter(
      (file) => !NO_SOURCE.test(file) && read(file).split('\n').length > LINES_MAX + 1,
    )
    expect(long.filter((file) => !(file in LONG_FILES))).toEqual([])
  })

  it('reads the environment in one place of lib', () => {
    const readers = files.filter(
      (file) => /^lib\/.*\.tsx?$/.test(file) && /process\.env\b/.test(code(read(file))),
    )
    expect(readers).toEqual(['lib/env.ts'])
  })

  it('[DL20] hands no verb a context or a call that the type checker has not seen whole', () => {
    // `npm run bench -- letters` did, without the key of the masks.
    const unseen = /\bas unknown as (?:\w*Context|\w*Call|Surroundings)\b/
    const source = texts.filter((file) => /\.(?:ts|tsx|mjs)$/.test(file) && !file.startsWith('tests/'))
    expect(source.filter((file) => unseen.test(read(file)))).toEqual([])
  })

  it('has no style for a theme that was chosen alone: who follows the system would not see it', () => {
    const forOne = /\[data-theme=|prefers-color-scheme/
    expect(files.filter((file) => file.endsWith('.css') && forOne.test(read(file)))).toEqual([
      'app/styles/tokens.css',
    ])
  })

  it('leaves no work marked as undone, and no test skipped', () => {
    const undone = new RegExp(
      '\\b(TO' + 'DO|FIX' + 'ME)\\b|\\b(it|test|describe)\\.(sk' + 'ip|on' + 'ly|to' + 'do)\\(',
    )
    expect(files.filter((file) => /\.(m?js|cjs|tsx?)$/.test(file) && undone.test(read(file)))).toEqual([])
  })
})

/** The source without its comments. */
function code(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
}
