import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { SECURITY_CHECKS } from '../security-checks.ts'

/** A title in its quotes, as a call of `describe`, `it` or `test` is given it. */
const TITLE = /(['"`])((?:(?!\1)[^\n\\]|\\.)*)\1,/g
const TAG = /\[check (\d+[ab]?)\]/g
const OWN = /security-checks\.test\.ts$/

const tagsOf = (text: string): string[] => [...text.matchAll(TAG)].map(([, id]) => id as string)
const titlesIn = (text: string): string[] => [...text.matchAll(TITLE)].map(([, , title]) => title as string)

const FILES = readdirSync('tests', { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && /\.(test|spec)\.tsx?$/.test(entry.name) && !OWN.test(entry.name))
  .map((entry) => path.join(entry.parentPath, entry.name))
const TEXTS: ReadonlyMap<string, string> = new Map(FILES.map((file) => [file, readFileSync(file, 'utf8')]))
const SHOWN = new Set([...TEXTS.values()].flatMap(titlesIn).flatMap(tagsOf))

const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i))

describe('the security checks', () => {
  it('are those of the design, in its order', () => {
    expect(SECURITY_CHECKS.map(({ id }) => id)).toEqual([...ids(1, 25), '25a', '25b', ...ids(26, 46)])
  })

  it.each(SECURITY_CHECKS.map(({ id, title }) => [id, title]))('%s is shown by a test: %s', (id) => {
    expect(SHOWN.has(id)).toBe(true)
  })

  it('are the only numbers that tests carry', () => {
    const known = new Set(SECURITY_CHECKS.map(({ id }) => id))
    expect([...SHOWN].filter((id) => !known.has(id))).toEqual([])
  })

  it('stand where they are found: in a title that is followed by its test', () => {
    const inTitles = (text: string): number => titlesIn(text).flatMap(tagsOf).length
    expect(
      FILES.filter((file) => inTitles(TEXTS.get(file) ?? '') !== tagsOf(TEXTS.get(file) ?? '').length),
    ).toEqual([])
  })
})
