import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ID = /\[([A-Z]{2,3}\d+[a-z]?)\]/g
const idsIn = (text: string): string[] => [...text.matchAll(ID)].map(([, id]) => id as string)

const spec = readFileSync('lib/engine/SPEC.md', 'utf8')
const rules = new Set(
  spec
    .split('\n')
    .filter((line) => /^\s*- \*\*\[/.test(line))
    .flatMap(idsIn),
)
const tests = readdirSync('tests', { withFileTypes: true, recursive: true })
  .filter(
    (entry) => entry.isFile() && /\.test\.tsx?$/.test(entry.name) && entry.name !== 'spec-coverage.test.ts',
  )
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
const tested = new Set(tests.flatMap(idsIn))

/** What the design numbers, so that a rule that nobody restated is missed. */
const DESIGN = { SM: 7, ID: 4, TK: 8, CS: 9, DL: 6, BO: 4, BR: 7 } as const
/** Rules that belong to an issue which is still to be built. */
const LATER: Readonly<Record<string, string>> = {}

test('every rule of the design stands in the SPEC, or its issue is still to come', () => {
  const designed = Object.entries(DESIGN).flatMap(([group, count]) =>
    Array.from({ length: count }, (_, i) => `${group}${i + 1}`),
  )
  expect(designed.filter((id) => rules.has(id) === id in LATER)).toEqual([])
})

test('the SPEC has rules', () => {
  expect(rules.size).toBeGreaterThan(20)
})

test('every rule of the SPEC is named by a test', () => {
  expect([...rules].filter((id) => !tested.has(id))).toEqual([])
})

test('every rule that a test names stands in the SPEC', () => {
  expect([...tested].filter((id) => !rules.has(id))).toEqual([])
})
