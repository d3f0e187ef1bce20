import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { ANSWER_SECURITY } from './launch/answer-security.mjs'
import { compressedFiles } from './launch/compressed-files.mjs'
import { createClientNaming } from './launch/client-address.mjs'
import { createStop, STOP_TIMEOUT_MS } from './launch/graceful-stop.mjs'
import { fieldFiles } from './launch/field-files.mjs'
import { createHttpServer, ignoreUpgrades } from './launch/http-server.mjs'
import { outliveLog } from './launch/lost-log.mjs'
import { refuse } from './launch/refused-by-node.mjs'
import { readSettingFiles } from './launch/setting-files.mjs'

/**
 * The server in front of Next: the device API's listener answers first (in
 * production), Next the rest. Needs DATABASE_URL; `npm start` sets it. `--dev` runs Next's development server.
 */
const development = process.argv.includes('--dev')
process.env.NODE_ENV ??= development ? 'development' : 'production'
outliveLog()
orFail(() => readSettingFiles(process.env))
const nameClient = orFail(() => createClientNaming(process.env.TIDEMARK_TRUSTED_PROXIES))
const HOST = process.env.HOST || '127.0.0.1'
const COMPOSE_TIMEOUT_MS = 60_000
const REQUEST_TIMEOUT_MS = 60_000
const APP_CLOSE_TIMEOUT_MS = 2_000
const DRAIN_MS = 5_000
/** A start that is told to stop is finished first, so that nothing of it is left; but it may hang on its database. */
const START_ENDS_WITHIN_MS = 5_000
const shared = (name) => Symbol.for(`tidemark.${name}`)

/** Filled by instrumentation.ts, which composes the application inside Next. */
const gate = {}
gate.promise = new Promise((resolve, reject) => Object.assign(gate, { ok: resolve, no: reject }))
globalThis[shared('ready')] = gate

/** The response of a document under way, for a page to set its status (app/answer-unavailable.ts). */
const document = (globalThis[shared('document')] = new AsyncLocalStorage())

const upgraded = new Set()
let isReady = false
let answer
const server = createHttpServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
  stopping.track(request, response)
  nameClient(request)
  answer(request, response).catch((error) => {
    console.error(error)
    if (response.headersSent) response.destroy()
    else response.writeHead(500, ANSWER_SECURITY).end()
  })
})
const stopping = createStop(server)
// From here on: as the first process of a container it would not even be ended by a signal that nobody listens to.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void stop(signal).catch(fail))
server.on('clientError', (error, socket) => refuse(error, socket, stopping.hasBegun(socket)))
if (development)
  server.on('upgrade', (request, socket) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
  })
else ignoreUpgrades(server)

server.once('error', (error) => fail(listenAdvice(error)))
const port = await freePort(Number(process.env.PORT || 3000))
const here = `http://${reachable(HOST)}:${port}`
const url = (process.env.TIDEMARK_URL ||= here)
process.env.PORT = String(port)
process.env.NEXTAUTH_URL ??= url

const { default: next } = await import('next')
const app = next({ dev: development, hostname: HOST, port, httpServer: server })
try {
  await app.prepare()
  const late = pause(COMPOSE_TIMEOUT_MS, null, { ref: false }).then(() => {
    throw new Error(`the application was not composed within ${COMPOSE_TIMEOUT_MS / 1000} s`)
  })
  await Promise.race([gate.promise, late])
} catch (error) {
  // Told to stop meanwhile, it has nothing left to start: `stop` ends it, and with 0.
  if (globalThis[shared('draining')] === true) await new Promise(() => {})
  fail(`Tidemark cannot start: ${error instanceof Error ? error.message : error}`)
}
const handle = app.getRequestHandler()
const sendFile = development ? () => false : compressedFiles('.next/static', '/_next/static')
const sendFieldFile = fieldFiles('.next/field')
answer = async (request, response) => {
  const listener = development ? undefined : globalThis[shared('listener')]
  if (listener && (await listener(request, response))) return
  if (sendFile(request, response) || sendFieldFile(request, response)) return
  if (request.headers.rsc) await handle(request, response)
  else await document.run(response, () => handle(request, response))
}
// Not before it can answer: a balancer that goes by connections would send devices here. And not when it is to stop already.
if (globalThis[shared('draining')] !== true) {
  await new Promise((resolve) => server.listen(port, HOST, resolve))
  isReady = true
  console.log(`ready on ${here}`)
  process.send?.({ url: here })
}

async function stop(signal) {
  if (!stopping.ask()) return
  globalThis[shared('draining')] = true // /readyz says 503 from now on; requests are still answered
  if (isReady) await stopping.drain(drainMs(signal))
  const isUp = isReady || (await startEnds())
  setTimeout(() => fail(`not everything ended within ${STOP_TIMEOUT_MS / 1000} s`), STOP_TIMEOUT_MS).unref()
  for (const socket of upgraded) socket.destroy()
  await stopping.close()
  await globalThis[shared('close')]?.()
  if (isUp) await Promise.race([app.close(), pause(APP_CLOSE_TIMEOUT_MS)])
  process.exit(0)
}

/** False when it doesn't come up. Nobody was sent to it so far, so nothing is drained. */
function startEnds() {
  const up = gate.promise.then(
    () => true,
    () => false,
  )
  return Promise.race([up, pause(START_ENDS_WITHIN_MS, false)])
}

const drainMs = (signal) =>
  Number(process.env.TIDEMARK_DRAIN_MS || (signal === 'SIGINT' || development ? 0 : DRAIN_MS))

/** Which one it will be, and that nobody else has it, before anything is started. */
async function freePort(wanted) {
  const probe = createServer().once('error', (error) => fail(listenAdvice(error)))
  await new Promise((resolve) => probe.listen(wanted, HOST, resolve))
  const { port: found } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return found
}

/** Whoever listens on every address is reached on this machine's own. */
function reachable(host) {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

function listenAdvice(error) {
  if (error.code !== 'EADDRINUSE') return `Tidemark cannot listen: ${error.message}`
  return `Port ${process.env.PORT || 3000} is in use. Stop what uses it, or set PORT to another.`
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

function orFail(act) {
  try {
    return act()
  } catch (error) {
    return fail(error.message)
  }
}
