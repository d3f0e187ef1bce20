import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const spec = readFileSync('lib/engine/SPEC.md', 'utf8')
const ruleIds = [...spec.matchAll(/^- \*\*\[([A-Z]+\d+)\]\*\*/gm)].map((match) => match[1] as string)
const files = readdirSync('tests', { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.tsx?$/.test(file),
)
const testedIds = new Set(
  files.flatMap((file) => {
    const source = readFileSync(join('tests', file), 'utf8')
    return [...source.matchAll(/\b(?:it|test)(?:\.\w+\([^)]*\))?\(\s*['"`]\[([A-Z]+\d+)\]/g)].map(
      (match) => match[1] as string,
    )
  }),
)

describe('SPEC.md', () => {
  it('names each rule once', () => {
    expect(ruleIds.length).toBeGreaterThan(30)
    expect([...new Set(ruleIds)]).toEqual(ruleIds)
  })

  it('has a test for every rule', () => {
    expect(ruleIds.filter((id) => !testedIds.has(id))).toEqual([])
  })

  it('has a rule for every id that the engine’s own tests name', () => {
    const engineTests = files
      .filter((file) => /^(unit|property)\/engine\//.test(file))
      .map((file) => readFileSync(join('tests', file), 'utf8'))
    const named = engineTests.flatMap((source) =>
      [...source.matchAll(/\b(?:it|test)(?:\.\w+\([^)]*\))?\(\s*['"`]\[([A-Z]+\d+)\]/g)].map(
        (match) => match[1] as string,
      ),
    )
    expect(named.length).toBeGreaterThan(50)
    expect(named.filter((id) => !ruleIds.includes(id))).toEqual([])
  })
})
