import { spawn } from 'node:child_process'
import { ROOT } from '../setup/project.mjs'

/**
 * A long-running program of ours. It does not see the terminal's Ctrl-C (it is detached): the launcher decides
 * in which order things end. It ends by itself when the launcher is killed (its channel closes).
 * @typedef {object} Child
 * @property {string} name
 * @property {Promise<string>} ended how it ended, for people: `code 1`, `SIGKILL`
 * @property {(signal: NodeJS.Signals) => Promise<void>} stop
 * @property {() => void} kill
 */

/** Beyond what the server itself allows. */
const STOP_TIMEOUT_MS = 35_000 + (Number(process.env.TIDEMARK_DRAIN_MS) || 0)

/**
 * @param {string} name
 * @param {string[]} args of node
 * @param {Record<string, string>} environment added to ours
 * @param {(message: unknown) => void} [onMessage]
 * @returns {Child}
 */
export function startChild(name, args, environment, onMessage = () => {}) {
  const child = spawn(process.execPath, ['--import', './scripts/launch/end-with-parent.mjs', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  })
  child.on('message', onMessage)
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  const stop = async (signal) => {
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    child.kill(signal)
    await ended
    clearTimeout(late)
  }
  return { name, ended, stop, kill: () => void child.kill('SIGKILL') }
}
