import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const CHECKOUT = path.resolve(import.meta.dirname, '../..')
const FOLDERS = ['lib', 'app', 'components', 'scripts', 'prisma/schema.prisma']
const records = new Set(readdirSync(path.join(CHECKOUT, 'docs/decisions')).map((name) => name.slice(0, 4)))
const files = execFileSync('git', ['ls-files', '-z', ...FOLDERS], { cwd: CHECKOUT, encoding: 'utf8' })
  .split('\0')
  .filter((file) => /\.(tsx?|mjs|css|prisma)$/.test(file) && existsSync(path.join(CHECKOUT, file)))

const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm
const commentsOf = (file: string): string =>
  // A name may stand at the end of one line and its number at the beginning of the next.
  (readFileSync(path.join(CHECKOUT, file), 'utf8').match(COMMENT) ?? [])
    .join('\n')
    .replaceAll(/\s+(\*|\/\/+)?\s*/g, ' ')

/** Paths stand as from the checkout's root, or as from the file. */
const isThere = (file: string, named: string): boolean =>
  [CHECKOUT, path.join(CHECKOUT, path.dirname(file))].some((from) => existsSync(path.resolve(from, named)))

it('each document that a comment names is in the repository', () => {
  const named = files.flatMap((file) =>
    [...commentsOf(file).matchAll(/[\w./-]+\.md\b/g)].map(([name]) => ({ file, name })),
  )
  expect(named.length).toBeGreaterThan(0)
  expect(
    named.filter(({ file, name }) => !isThere(file, name)).map(({ file, name }) => `${file}: ${name}`),
  ).toEqual([])
})

it('each decision that a comment names is a record, by its four digits', () => {
  const named = files.flatMap((file) =>
    [...commentsOf(file).matchAll(/\bdecisions?[ /](\d+)/gi)].map(([, number = '']) => ({ file, number })),
  )
  expect(named.length).toBeGreaterThan(0)
  expect(
    named
      .filter(({ number }) => !records.has(number))
      .map(({ file, number }) => `${file}: decision ${number}`),
  ).toEqual([])
})
