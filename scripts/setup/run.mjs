import { spawn } from 'node:child_process'
import { ROOT } from './project.mjs'

const OUTPUT_CHARS_KEPT = 6_000

/**
 * Runs a Node program of the checkout to its end, quietly.
 * @param {string[]} args
 * @param {Record<string, string>} [environment] added to ours
 * @returns {Promise<{ code: number | null, output: string }>} the end of both its outputs, as printed
 */
export function runNode(args, environment = {}) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk) => {
    output = (output + chunk).slice(-OUTPUT_CHARS_KEPT)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output: output.trim() }))
  })
}
