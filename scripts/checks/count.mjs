import { readFileSync } from 'node:fs'

/** @typedef {{ passed: number, failed: number }} Count */

/** What vitest's JSON report says; a file that could not be run counts as one failure. @param {string} file @returns {Count} */
export function countVitest(file) {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, 'utf8'))
  const unrun = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  return { passed: numPassedTests, failed: numFailedTests + unrun.length }
}

/** What Playwright's JSON report says; a flaky test has failed. @param {string} file @returns {Count} */
export function countPlaywright(file) {
  const { stats, errors } = JSON.parse(readFileSync(file, 'utf8'))
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky + errors.length }
}

/**
 * A runner that ended badly though no test failed counts as one failure: it could not start, or an error came from
 * outside its tests.
 * @param {number} code @param {Count} count @returns {Count}
 */
export const heeding = (code, count) => (code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count)
