import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const CHECKOUT = path.resolve(import.meta.dirname, '../../..')
const OUTPUT_CHARS_KEPT = 20_000
const STOP_TIMEOUT_MS = 30_000
const READY_POLL_MS = 100

export interface Program {
  /** The end of both its outputs. */
  output(): string
  hasEnded(): boolean
  ended: Promise<number | null>
  signal(name: NodeJS.Signals): void
  /** From then on what it writes has no reader, as when the program that started it is gone. */
  stopReading(): void
  stop(): Promise<void>
}

/** Starts a Node program of the checkout. */
export function startProgram(args: readonly string[], environment: NodeJS.ProcessEnv): Program {
  const child = spawn(process.execPath, args, {
    cwd: CHECKOUT,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARS_KEPT)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    output: () => output,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    ended,
    signal: (name) => void child.kill(name),
    stopReading() {
      child.stdout.destroy()
      child.stderr.destroy()
    },
    async stop() {
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      child.kill('SIGINT')
      await ended
      clearTimeout(late)
    },
  }
}

/** Runs one to its end; the JSON of its last line. */
export async function runForJson<T>(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<T> {
  const program = startProgram(args, environment)
  const code = await program.ended
  const text = program.output().trim()
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${text}`)
  return JSON.parse(text.slice(text.lastIndexOf('\n') + 1)) as T
}

/** Waits until the server takes traffic. */
export async function untilReady(url: string, server: Program, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await isReady(url))) {
    if (server.hasEnded()) throw new Error(`the server has ended:\n${server.output()}`)
    if (performance.now() > deadlineMs) throw new Error(`the server is not ready:\n${server.output()}`)
    await pause(READY_POLL_MS)
  }
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
