import { spawn } from 'node:child_process'
import { constants, getPriority, setPriority } from 'node:os'
import { ROOT } from '../setup/project.mjs'
import { endedSeconds } from './budget.mjs'

const TSC = ['node_modules/typescript/bin/tsc', '--noEmit']
const LINT = ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings']
const FORMAT = ['node_modules/oxfmt/bin/oxfmt', '--check']
const DEAD_CODE = ['node_modules/knip/bin/knip.js']
/** What tests alone call: it goes, stands in tests/support, or says that it is `@internal` and what for. */
const ONLY_TESTED = [...DEAD_CODE, '--production', '--include', 'exports,files']

/** Checks that are no tests; each counts as one. */
export const CHECKS = [
  ['types', TSC],
  ['lint', LINT],
  ['format', FORMAT],
  ['dead code', DEAD_CODE],
  ['only tested', ONLY_TESTED],
]

/** Takes what programs of ordinary priority leave of the processors. */
export const BEHIND_OTHERS = constants.priority.PRIORITY_BELOW_NORMAL
/** Takes what all others leave. */
export const IN_THE_BACKGROUND = constants.priority.PRIORITY_LOW

/** Colours are for a person's terminal: in a log they hide what was said. */
const PLAIN = process.stdout.isTTY ? {} : { NO_COLOR: '1' }

/** Of all programs that ended so far: they end one after the other, so what is new at an end is that one's. */
let counted = 0

/**
 * Runs a Node program of the checkout with its output on ours.
 * @param {string[]} args @param {Record<string, string>} [environment]
 * @param {number} [priority] of the program and of those that it starts, as `os.setPriority` counts
 * @returns {Promise<number>} its exit code
 */
export const runLoud = async (args, environment, priority) =>
  (await runCounted(args, environment, priority)).code

/**
 * As `runLoud`.
 * @param {string[]} args @param {Record<string, string>} [environment] @param {number} [priority]
 * @returns {Promise<{ code: number, processorSeconds: number }>} its exit code, and what it and those that it started took
 */
function runCounted(args, environment = {}, priority = constants.priority.PRIORITY_NORMAL) {
  counted = endedSeconds()
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...PLAIN, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  // One that could not be started has no id, and says so below. Who was started gently stays so.
  if (child.pid !== undefined && priority > getPriority()) setPriority(child.pid, priority)
  return new Promise((resolve, reject) => {
    let processorSeconds = 0
    child.once('error', reject)
    child.once('exit', () => {
      processorSeconds = endedSeconds() - counted
      counted += processorSeconds
    })
    child.once('close', (code) => resolve({ code: code ?? 1, processorSeconds }))
  })
}

/** Runs a program as `runLoud` does, and counts it as its part's. @typedef {typeof runLoud} Run */

/**
 * Runs one part and says how long it took, by the clock and of the processors.
 * @param {string} name
 * @param {(run: Run) => Promise<import('./count.mjs').Count>} work
 */
export async function part(name, work) {
  const startedMs = performance.now()
  let processor = 0
  console.log(`\n── ${name}`)
  /** @type {Run} */
  const run = async (...program) => {
    const { code, processorSeconds } = await runCounted(...program)
    processor += processorSeconds
    return code
  }
  const count = await work(run).catch((error) => {
    console.error(error instanceof Error ? error.message : error)
    return { passed: 0, failed: 1 }
  })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const took = `${seconds} s, ${processor.toFixed(1)} s of processor time`
  console.log(`── ${name}: ${count.passed} passed, ${count.failed} failed, ${took}`)
  return { ...count, name }
}

/** @param {number} code */
export const asOne = (code) => (code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })
