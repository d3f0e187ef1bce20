import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Check, Cover } from '../security-checks.ts'
import { SECURITY_CHECKS } from '../security-checks.ts'

interface Titled {
  readonly file: string
  readonly title: string
}

/** A title in its quotes, as a call of `it` or `test` is given it. */
const TITLE = /(['"`])((?:(?!\1)[^\n\\]|\\.)*)\1,/g
const TAG = /\[check (\d+[ab]?)\]/g
const OWN = /security-checks(\.test)?\.ts$/

const tagsOf = (title: string): string[] => [...title.matchAll(TAG)].map(([, id]) => id as string)
const titlesIn = (text: string): string[] => [...text.matchAll(TITLE)].map(([, , title]) => title as string)

const FILES = readdirSync('tests', { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && /\.(test|spec)\.tsx?$/.test(entry.name) && !OWN.test(entry.name))
  .map((entry) => path.join(entry.parentPath, entry.name))
const TITLES: ReadonlyMap<string, readonly string[]> = new Map(
  FILES.map((file) => [file, titlesIn(readFileSync(file, 'utf8'))]),
)
const TAGGED: readonly Titled[] = [...TITLES].flatMap(([file, titles]) =>
  titles.filter((title) => tagsOf(title).length > 0).map((title) => ({ file, title })),
)

const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i))

/** What is wrong with a row, as the line that mends it where there is one. */
function faultsOf({ id, covers }: Check, tagged: readonly Titled[]): string[] {
  const own = tagged.filter(({ title }) => tagsOf(title).includes(id))
  const listed = covers.filter((cover) => 'file' in cover)
  const isListed = ({ file, title }: Titled): boolean =>
    listed.some((cover) => cover.file === file && cover.title === title)
  return [
    ...(covers.length === 0 ? [`check ${id} has neither a test nor who will bring one`] : []),
    ...listed.flatMap((cover) => faultOf(id, cover)),
    ...own
      .filter((one) => !isListed(one))
      .map(({ file, title }) => `add to check ${id}: test('${file}', '${title}'),`),
    ...(own.length > 0 && covers.some((cover) => 'later' in cover)
      ? [`check ${id} has tests: take its \`later\` away`]
      : []),
  ]
}

function faultOf(id: string, { file, title }: Exclude<Cover, { later: string }>): string[] {
  if (!tagsOf(title).includes(id)) return [`not of check ${id} by its title: ${title}`]
  return TITLES.get(file)?.includes(title) ? [] : [`${file} has no test: ${title}`]
}

describe('the security checks', () => {
  it('are those of the design, in its order', () => {
    expect(SECURITY_CHECKS.map(({ id }) => id)).toEqual([...ids(1, 25), '25a', '25b', ...ids(26, 46)])
  })

  it.each(SECURITY_CHECKS.map((check) => [`${check.id} ${check.title}`, check] as const))(
    '%s',
    (_name, check) => {
      expect(faultsOf(check, TAGGED)).toEqual([])
    },
  )

  it('are the only numbers that tests carry', () => {
    const known = new Set(SECURITY_CHECKS.map(({ id }) => id))
    const strangers = TAGGED.filter(({ title }) => tagsOf(title).some((id) => !known.has(id)))
    expect(strangers).toEqual([])
  })

  it('carry their number where it is found: in a title that is followed by its test', () => {
    const lost = FILES.filter((file) => {
      const found = (TITLES.get(file) ?? []).flatMap(tagsOf).length
      return found !== tagsOf(readFileSync(file, 'utf8')).length
    })
    expect(lost).toEqual([])
  })

  it('know an empty row, a test that is gone, one that is not listed, and work that has landed', () => {
    const row = (covers: readonly Cover[]): Check => ({ id: '7', title: '', covers })
    const landed: Titled = { file: 'tests/a.test.ts', title: ['[check', '7] holds'].join(' ') }
    expect(faultsOf(row([]), [])).toHaveLength(1)
    expect(faultsOf(row([{ later: 'somebody' }]), [])).toEqual([])
    expect(faultsOf(row([{ later: 'somebody' }]), [landed])).toHaveLength(2)
    expect(faultsOf(row([landed]), [landed])).toEqual([`${landed.file} has no test: ${landed.title}`])
    expect(faultsOf(row([{ ...landed, title: 'holds' }]), [])).toHaveLength(1)
  })
})
