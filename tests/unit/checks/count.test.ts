import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { countVitest, heeding } from '../../../scripts/checks/count.mjs'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tidemark-count-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function counted(report: object) {
  const file = path.join(dir, 'vitest.json')
  writeFileSync(file, JSON.stringify(report))
  return countVitest(file)
}

describe('what npm test counts', () => {
  it('is the tests, and a file that could not be run as one failure', () => {
    const unrun = { status: 'failed', assertionResults: [] }
    const report = { numPassedTests: 5, numFailedTests: 1, testResults: [unrun] }
    expect(counted(report)).toEqual({ passed: 5, failed: 2 })
  })

  it('is a failure when the runner ended badly without a failed test: none was run, or an error came from outside', () => {
    const nothing = counted({ numPassedTests: 0, numFailedTests: 0, testResults: [] })
    expect(heeding(1, nothing)).toEqual({ passed: 0, failed: 1 })
    expect(heeding(0, { passed: 3, failed: 0 })).toEqual({ passed: 3, failed: 0 })
    expect(heeding(1, { passed: 3, failed: 2 })).toEqual({ passed: 3, failed: 2 })
  })
})
