import { performance } from 'node:perf_hooks'

/** A step that could not be done; `advice` tells the person what to do, unless the message does. */
export class StepError extends Error {
  /** @param {string} message @param {string} advice @param {string} [output] the end of what the tool printed */
  constructor(message, advice, output = '') {
    super(message)
    this.name = 'StepError'
    this.advice = advice
    this.output = output
  }
}

/**
 * Does one step and prints one line about it: `ok install (already)` or `ok install 12.3 s`.
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} work returns `ALREADY` when there was nothing to do
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const startedMs = performance.now()
  try {
    const result = await work()
    const took = result === ALREADY ? '(already)' : `${((performance.now() - startedMs) / 1000).toFixed(1)} s`
    console.log(`ok ${name} ${took}`)
    return result
  } catch (error) {
    console.error(`FAILED ${name}: ${error instanceof Error ? error.message : error}`)
    if (error instanceof StepError && error.output) console.error(error.output)
    if (error instanceof StepError && error.advice) console.error(`What to do: ${error.advice}`)
    throw new StepFailed()
  }
}

export const ALREADY = Symbol('already')

/** A step has failed and said so: nothing more to print. */
export class StepFailed extends Error {}

/**
 * Runs a launcher; whatever stops it has been told to the person, and the exit code says so. It takes no arguments:
 * one that asks for help, or for another port, would start a server that nobody asked for.
 * @param {() => Promise<void>} main
 */
export async function runMain(main) {
  if (process.argv.length > 2) {
    console.error(
      `It takes no arguments, but was given ${process.argv.slice(2).join(' ')}. Settings are environment variables: see "Settings" in README.md.`,
    )
    process.exit(2)
  }
  try {
    await main()
  } catch (error) {
    if (!(error instanceof StepFailed)) console.error(error)
    process.exit(1)
  }
}
