import { buildConsole } from '../setup/build.mjs'
import { buildFieldClient } from '../setup/field.mjs'
import { step, StepError, StepFailed } from '../setup/step.mjs'
import { startChild } from './child.mjs'
import { openDatabase } from './database.mjs'
import { outliveLog } from './lost-log.mjs'
import { SERVER_NODE_OPTIONS } from './server-options.mjs'

/** npm passes a Ctrl-C on that the terminal has sent already: within this time two are one. */
const SAME_SIGNAL_MS = 1_000
const DEFAULT_PORT = '3000'

/**
 * @typedef {object} Running what a program beside the server needs
 * @property {string} url where the server answers
 * @property {Record<string, string>} environment
 * @property {(name: string, args: string[]) => void} start runs one more program until everything stops
 */

/**
 * Opens the database, runs the server on it until a signal or a failure, then stops all in reverse order.
 * @template T
 * @param {object} [options]
 * @param {boolean} [options.development]
 * @param {(environment: Record<string, string>) => Promise<T>} [options.before] is called once the database is there
 * @param {(running: Running, made: T) => Promise<void>} [options.beside] is called once the server answers, with what
 *   `before` made
 */
export async function launch({ development = false, before = async () => {}, beside = async () => {} } = {}) {
  outliveLog()
  await step('port', checkPort)
  /** @type {import('./child.mjs').Child[]} */
  const children = []
  const end = oneEnd()
  onSignals((signal) => end.come({ signal }), children)

  const database = await openDatabase()
  void database.lost.then((error) => end.come({ failure: `The database was lost: ${error.message}.` }))
  const environment = {
    PORT: process.env.PORT || DEFAULT_PORT,
    ...database.environment,
    NODE_ENV: development ? 'development' : 'production',
    NEXT_TELEMETRY_DISABLED: '1',
  }
  const start = (name, args, onMessage) => {
    if (end.came()) return
    const child = startChild(name, args, environment, onMessage)
    children.push(child)
    void child.ended.then((how) => end.come({ failure: `The ${name} ended (${how}).` }))
  }
  const onReady = async ({ url }) => {
    database.publish(url)
    await beside({ url, environment, start }, made)
  }
  // Built by the owner of the data directory alone: a second start must not touch what the first one serves.
  const orStop = (error) => database.stop().then(() => Promise.reject(error))
  if (development) await step('field client', buildFieldClient).catch(orStop)
  else await step('build', buildConsole).catch(orStop)
  const made = await before(environment).catch(orStop)
  const server = [...SERVER_NODE_OPTIONS, 'scripts/server.mjs', ...(development ? ['--dev'] : [])]
  start('server', server, (message) => {
    onReady(message).catch((error) => end.come({ failure: error instanceof StepFailed ? '' : String(error) }))
  })

  const { signal, failure } = await end.promise
  if (failure) console.error(`${failure} Stopping. The message above says what to mend; then start again.`)
  for (const child of children.toReversed()) await child.stop(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM')
  await database.stop()
  console.log('stopped')
  process.exit(signal ? 0 : 1)
}

/** Before anything is started: a server that cannot listen would take the database down again. */
export function checkPort() {
  const text = process.env.PORT || DEFAULT_PORT
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return
  throw new StepError(
    `PORT is "${text}"`,
    'Set PORT to a whole number from 0 to 65535, or leave it out for 3000.',
  )
}

/** The first reason to end counts. */
function oneEnd() {
  let resolve = () => {}
  let came = false
  /** @type {Promise<{ signal?: string, failure?: string }>} */
  const promise = new Promise((done) => (resolve = done))
  const come = (reason) => {
    came = true
    resolve(reason)
  }
  return { promise, come, came: () => came }
}

/**
 * The first signal asks for a stop; a later one ends at once, and PostgreSQL's guard then stops it.
 * @param {(signal: string) => void} stop @param {import('./child.mjs').Child[]} children
 */
function onSignals(stop, children) {
  let firstAtMs = null
  const onSignal = (signal) => {
    stop(signal)
    firstAtMs ??= performance.now()
    if (performance.now() - firstAtMs < SAME_SIGNAL_MS) return
    for (const child of children) child.kill()
    process.exit(130)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal)
}
