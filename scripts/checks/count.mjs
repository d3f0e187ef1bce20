import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'

/** What a part of a run came to; `failures` names each failure it can, with the beginning of its message. @typedef {{ passed: number, failed: number, failures?: readonly string[] }} Count */

/** What vitest's JSON report says; a file that could not be run counts as one failure. @param {string} file @returns {Count} */
export function countVitest(file) {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, 'utf8'))
  const unrun = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  const failures = [
    ...unrun.map(({ name, message }) => line(name, message)),
    ...testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName, failureMessages }) => line(`${name}: ${fullName}`, failureMessages[0])),
    ),
  ]
  return { passed: numPassedTests, failed: numFailedTests + unrun.length, failures }
}

/** What Playwright's JSON report says; a flaky test has failed. @param {string} file @returns {Count} */
export function countPlaywright(file) {
  const { stats, errors, suites } = JSON.parse(readFileSync(file, 'utf8'))
  const failures = [
    ...errors.map(({ message }) => line('Playwright', message)),
    ...suites.flatMap((suite) => failedSpecs(suite, '')),
  ]
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky + errors.length, failures }
}

/** A suite may hold others: a file holds its `describe`s. */
function failedSpecs({ title, specs = [], suites = [] }, above) {
  const name = above === '' ? title : `${above}: ${title}`
  const failed = specs
    .flatMap((spec) => spec.tests.map((test) => ({ title: spec.title, ...test })))
    .filter(({ status }) => status === 'unexpected' || status === 'flaky')
  return [
    ...failed.map((test) =>
      line(`${name}: ${test.title}`, test.results.find(({ error }) => error)?.error.message),
    ),
    ...suites.flatMap((suite) => failedSpecs(suite, name)),
  ]
}

/** Enough of a message for what was expected and what was there. */
const LINES_SHOWN = 6

function line(name, message = '') {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .filter((text) => !/^\s*(at\s|$)/.test(text))
  return `${name}: ${lines.slice(0, LINES_SHOWN).join('\n    ')}`
}

/**
 * A runner that ended badly though no test failed counts as one failure: it could not start, or an error came from
 * outside its tests.
 * @param {number} code @param {Count} count @returns {Count}
 */
export const heeding = (code, count) => (code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count)
