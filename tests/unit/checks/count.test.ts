import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { countPlaywright, countVitest, heeding } from '../../../scripts/checks/count.mjs'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tidemark-count-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function counted(report: object, count = countVitest) {
  const file = path.join(dir, 'report.json')
  writeFileSync(file, JSON.stringify(report))
  return count(file)
}

describe('what npm test counts', () => {
  it('is the tests, and a file that could not be run as one failure', () => {
    const unrun = {
      name: 'a.test.ts',
      message: 'no such module\nat b',
      status: 'failed',
      assertionResults: [],
    }
    const report = { numPassedTests: 5, numFailedTests: 1, testResults: [unrun] }
    expect(counted(report)).toEqual({ passed: 5, failed: 2, failures: ['a.test.ts: no such module'] })
  })

  it('names each test of vitest that failed, with the first line of why', () => {
    const assertionResults = [
      { status: 'passed', fullName: 'law one', failureMessages: [] },
      {
        status: 'failed',
        fullName: 'law two',
        failureMessages: ['Error: \u001b[31m1\u001b[39m is not 2\n\nReceived: 1\n    at c'],
      },
    ]
    const testResults = [{ name: 'b.test.ts', status: 'failed', assertionResults }]
    const { failures } = counted({ numPassedTests: 1, numFailedTests: 1, testResults })
    expect(failures).toEqual(['b.test.ts: law two: Error: 1 is not 2\n    Received: 1'])
  })

  it('names each test of Playwright that failed, by its file and what is around it; a flaky one too', () => {
    const test = (status: string, message?: string) => ({
      status,
      results: message === undefined ? [{}] : [{ error: { message } }, {}],
    })
    const inner = {
      title: 'on a phone',
      specs: [{ title: 'scrolls', tests: [test('flaky', 'Error: late\nat d')] }],
    }
    const suite = {
      title: 'lag.spec.ts',
      specs: [{ title: 'opens', tests: [test('expected')] }],
      suites: [inner],
    }
    const report = {
      stats: { expected: 1, unexpected: 0, flaky: 1 },
      errors: [{ message: 'no browser' }],
      suites: [suite],
    }
    expect(counted(report, countPlaywright)).toEqual({
      passed: 1,
      failed: 2,
      failures: ['Playwright: no browser', 'lag.spec.ts: on a phone: scrolls: Error: late'],
    })
  })

  it('is a failure when the runner ended badly without a failed test: none was run, or an error came from outside', () => {
    const nothing = counted({ numPassedTests: 0, numFailedTests: 0, testResults: [] })
    expect(heeding(1, nothing)).toMatchObject({ passed: 0, failed: 1 })
    expect(heeding(0, { passed: 3, failed: 0 })).toEqual({ passed: 3, failed: 0 })
    expect(heeding(1, { passed: 3, failed: 2 })).toEqual({ passed: 3, failed: 2 })
  })
})
