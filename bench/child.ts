import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process of the benchmark or of a test, which told us its first message. */
export interface Child<Ready> {
  readonly process: ChildProcess
  readonly ready: Ready
  /** Sends a message and waits for the next one. */
  ask<Answer>(message: object): Promise<Answer>
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** Options of Node itself, for example `--cpu-prof`. */
  readonly nodeArgs?: readonly string[]
}

const ANSWER_TIMEOUT_MS = 120_000

/** Starts a file, TypeScript or not, as a process of its own and waits for its first message. */
export async function startChild<Ready>(file: URL, options: ChildOptions = {}): Promise<Child<Ready>> {
  const child = fork(fileURLToPath(file), options.args ?? [], {
    execArgv: [...(file.pathname.endsWith('.ts') ? ['--import', 'tsx'] : []), ...(options.nodeArgs ?? [])],
    env: { ...process.env, NODE_ENV: 'production', ...options.env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await exited
  }
  try {
    const ready = await nextMessage<Ready>(child)
    return {
      process: child,
      ready,
      ask: async <Answer>(message: object): Promise<Answer> => {
        const answer = nextMessage<Answer>(child)
        child.send(message)
        return answer
      },
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
    }
  } catch (error) {
    await end('SIGKILL')
    throw error
  }
}

/** Fails when the process ends before it answers, or says nothing for two minutes. */
async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)])
  try {
    const ended = once(child, 'exit', { signal }).then(([code]): never => {
      throw new Error(`${child.spawnargs.at(-1)} ended with ${String(code)}`)
    })
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [T]
    return message
  } finally {
    over.abort()
  }
}
