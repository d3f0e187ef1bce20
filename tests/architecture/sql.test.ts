import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const GENERATED = path.join('lib', 'storage', 'prisma', 'generated')
const FILES = ['lib', 'app', 'scripts', 'components'].flatMap((folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(GENERATED)),
)

/** A call of Prisma that takes SQL as text, with its arguments. */
const UNSAFE = /\$(?:execute|query)RawUnsafe(?:<[^>]*>)?\(([^)]*)\)/g
/** The text is a statement that was put together when the process began; what comes from outside is a parameter. */
const KEPT = /^this\.\w+\.text\s*,/

it('[check 30] SQL as text is given to Prisma in no place but with a statement of ours, its values as parameters', () => {
  const calls = FILES.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(UNSAFE)].map(([, args = '']) => ({ file, args })),
  )
  expect(calls.length).toBeGreaterThan(0)
  expect(calls.filter(({ args }) => !KEPT.test(args))).toEqual([])
  const raw = FILES.filter((file) => /Prisma\.raw\(/.test(readFileSync(file, 'utf8')))
  expect(raw).toEqual([])
})

/** Whoever speaks SQL: elsewhere a text of it could be put together out of anybody's sight. */
const SPEAKS_SQL = /['"`]\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH \w+ AS)\s+\S/

/** The storage; the store of a device that is a file; and commands that a person runs at the machine itself. */
const PLACES = /^(lib\/storage|lib\/client\/sqlite-|scripts)/

it('[check 30] SQL stands in the storages alone, and in no verb, route or page', () => {
  const speakers = FILES.filter((file) => SPEAKS_SQL.test(readFileSync(file, 'utf8')))
  expect(speakers.length).toBeGreaterThan(20)
  expect(speakers.filter((file) => !PLACES.test(file.split(path.sep).join('/')))).toEqual([])
})
