/** The load generator: a process of its own, told by its parent what to do. */
import { randomUUID } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import type { EnrollResponse } from '#lib/protocol/device.ts'
import type { PushingDevice } from './push-bodies.ts'
import { pushOfReports, strikeReportSource } from './push-bodies.ts'

export type Order =
  | {
      readonly kind: 'enroll'
      readonly url: string
      readonly enrollmentKey: string
      readonly devices: number
    }
  | {
      readonly kind: 'round'
      readonly url: string
      /** So many of the enrolled devices push, once each. */
      readonly devices: number
      readonly mutations: number
      readonly concurrency: number
      /** True when the server decides: then every mutation must be `applied`. */
      readonly decides: boolean
    }
export interface RoundFigures {
  readonly mutationsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}
interface Answer {
  readonly status: number
  readonly text: string
}

const APP = '1.0.0;linux'
const ENROLL_CONCURRENCY = 8
/** Connections stay open within a round; between rounds a server may close idle ones, so each starts with new ones. */
let agent = new Agent({ keepAlive: true })
const report = strikeReportSource()
let devices: readonly PushingDevice[] = []

process.on('message', (order: Order) => {
  const done = order.kind === 'enroll' ? enroll(order) : round(order)
  done.then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.once('disconnect', () => process.exit(0))
process.send?.({ ready: true })

async function enroll(order: Extract<Order, { kind: 'enroll' }>): Promise<{ enrolled: number }> {
  const numbers = Array.from({ length: order.devices }, (_, i) => i)
  devices = await inParallel(numbers, ENROLL_CONCURRENCY, async (number) => {
    const device = { name: `bench ${number}`, platform: 'linux', appVersion: '1.0.0' }
    const body = JSON.stringify({ requestId: randomUUID(), device })
    const { status, text } = await post(`${order.url}/api/v1/enroll`, order.enrollmentKey, body)
    if (status !== 201) throw new Error(`enroll answered ${status}: ${text}`)
    const { deviceId, token, epoch } = JSON.parse(text) as EnrollResponse
    return { id: deviceId, token, epoch, seq: 0 }
  })
  return { enrolled: devices.length }
}

/** Each device pushes once. Bodies are made before the clock starts and answers checked after it has stopped. */
async function round(order: Extract<Order, { kind: 'round' }>): Promise<RoundFigures> {
  const url = `${order.url}/api/v1/push`
  const pushes = devices.slice(0, order.devices).map((device) => ({
    token: device.token,
    body: JSON.stringify(pushOfReports(device, order.mutations, report)),
  }))
  agent.destroy()
  agent = new Agent({ keepAlive: true })
  const startedMs = performance.now()
  const answers = await inParallel(pushes, order.concurrency, async ({ token, body }) => {
    const sentMs = performance.now()
    const answer = await post(url, token, body)
    return { ...answer, tookMs: performance.now() - sentMs }
  })
  const seconds = (performance.now() - startedMs) / 1_000
  for (const answer of answers) check(answer, order)
  const took = answers.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  const mutationsPerSecond = (pushes.length * order.mutations) / seconds
  return { mutationsPerSecond, p50Ms: nearestRank(took, 0.5), p99Ms: nearestRank(took, 0.99) }
}

function check({ status, text }: Answer, order: Extract<Order, { kind: 'round' }>): void {
  if (status !== 200) throw new Error(`a push was answered ${status}: ${text}`)
  const { results = [] } = JSON.parse(text) as { results?: readonly { status: string }[] }
  const applied = results.filter((result) => result.status === 'applied').length
  if (order.decides && applied !== order.mutations) throw new Error(`only ${applied} were applied: ${text}`)
}

async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as T)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}

function post(url: string, bearer: string, body: string): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${bearer}`,
    'tidemark-app': APP,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

const nearestRank = (sorted: readonly number[], quantile: number): number =>
  sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? Number.NaN
