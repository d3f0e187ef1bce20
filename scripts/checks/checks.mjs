import { spawn } from 'node:child_process'
import { constants, getPriority, setPriority } from 'node:os'
import { ROOT } from '../setup/project.mjs'

const TSC = ['node_modules/typescript/bin/tsc', '--noEmit']
const LINT = ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings']
const FORMAT = ['node_modules/oxfmt/bin/oxfmt', '--check']
const DEAD_CODE = ['node_modules/knip/bin/knip.js']

/** Checks that are no tests; each counts as one. */
export const CHECKS = [
  ['types', TSC],
  ['lint', LINT],
  ['format', FORMAT],
  ['dead code', DEAD_CODE],
]

/** Takes what programs of ordinary priority leave of the processors. */
export const BEHIND_OTHERS = constants.priority.PRIORITY_BELOW_NORMAL
/** Takes what all others leave. */
export const IN_THE_BACKGROUND = constants.priority.PRIORITY_LOW

/** Colours are for a person's terminal: in a log they hide what was said. */
const PLAIN = process.stdout.isTTY ? {} : { NO_COLOR: '1' }

/**
 * Runs a Node program of the checkout with its output on ours.
 * @param {string[]} args @param {Record<string, string>} [environment]
 * @param {number} [priority] of the program and of those that it starts, as `os.setPriority` counts
 * @returns {Promise<number>} its exit code
 */
export function runLoud(args, environment = {}, priority = constants.priority.PRIORITY_NORMAL) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...PLAIN, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  // One that could not be started has no id, and says so below. Who was started gently stays so.
  if (child.pid !== undefined && priority > getPriority()) setPriority(child.pid, priority)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

/**
 * Runs one part and says how long it took.
 * @param {string} name @param {() => Promise<import('./count.mjs').Count>} work
 */
export async function part(name, work) {
  const startedMs = performance.now()
  console.log(`\n── ${name}`)
  const count = await work().catch((error) => {
    console.error(error instanceof Error ? error.message : error)
    return { passed: 0, failed: 1 }
  })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`── ${name}: ${count.passed} passed, ${count.failed} failed, ${seconds} s`)
  return { ...count, name }
}

/** @param {number} code */
export const asOne = (code) => (code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })
