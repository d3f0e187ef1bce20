/** The load generator of breakers: a process of its own, told by its parent what to do. */
import { setTimeout as pause } from 'node:timers/promises'
import type { EnrollOrder } from '../enroll.ts'
import { enrollDevices } from '../enroll.ts'
import { HttpClient, inParallel, quantile, textOf } from '../http-client.ts'
import { takeOrders } from '../orders.ts'
import type { PushingDevice } from '../push/push-bodies.ts'
import { pushOfReports, strikeReportSource } from '../push/push-bodies.ts'

export type Order =
  | EnrollOrder
  /** Pulls of an app version, as many as are answered. */
  | {
      readonly kind: 'ask'
      readonly url: string
      readonly app: string
      readonly times: number
      readonly concurrency: number
    }
  /** The same at a rate, until the next order. */
  | { readonly kind: 'storm'; readonly url: string; readonly app: string; readonly perSecond: number }
  | { readonly kind: 'calm' }
  /** Pushes of one change, at a rate. */
  | { readonly kind: 'push'; readonly url: string; readonly times: number; readonly perSecond: number }

export interface AskFigures {
  readonly answersPerSecond: number
  readonly p99Ms: number
}
export interface PushFigures {
  readonly p50Ms: number
  readonly p99Ms: number
}

const REFUSED = 503
const report = strikeReportSource()
let devices: readonly PushingDevice[] = []
let storm: AbortController | null = null

const deviceOf = (turn: number): PushingDevice => devices[turn % devices.length] as PushingDevice

async function refused(client: HttpClient, turn: number, app: string): Promise<number> {
  const call = {
    method: 'GET',
    path: '/api/v1/pull?collections=strike-reports',
    bearer: deviceOf(turn).token,
  } as const
  const answer = await client.send({ ...call, headers: { 'tidemark-app': `${app};linux` } })
  textOf(answer, REFUSED)
  return answer.tookMs
}

async function ask({ url, app, times, concurrency }: Extract<Order, { kind: 'ask' }>): Promise<AskFigures> {
  const client = new HttpClient(url)
  const startedMs = performance.now()
  const turns = Array.from({ length: times }, (_, turn) => turn)
  const tookMs = await inParallel(turns, concurrency, (turn) => refused(client, turn, app))
  const answersPerSecond = (times * 1_000) / (performance.now() - startedMs)
  client.close()
  return { answersPerSecond, p99Ms: quantile(tookMs, 0.99) }
}

/** An open loop: each call begins at its time, whether or not those before have ended. */
async function atRate(
  times: number,
  perSecond: number,
  call: (turn: number) => Promise<void>,
): Promise<void> {
  const startedMs = performance.now()
  const calls: Promise<void>[] = []
  for (let turn = 0; turn < times; turn++) {
    await pause(Math.max(0, startedMs + (turn * 1_000) / perSecond - performance.now()))
    calls.push(call(turn))
  }
  await Promise.all(calls)
}

function begin({ url, app, perSecond }: Extract<Order, { kind: 'storm' }>): void {
  const over = new AbortController()
  storm = over
  const client = new HttpClient(url)
  const run = async (): Promise<void> => {
    while (!over.signal.aborted)
      await atRate(perSecond, perSecond, async (turn) => void (await refused(client, turn, app)))
    client.close()
  }
  run().catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
}

async function push({ url, times, perSecond }: Extract<Order, { kind: 'push' }>): Promise<PushFigures> {
  const client = new HttpClient(url)
  const tookMs: number[] = []
  await atRate(times, perSecond, async (turn) => {
    const device = deviceOf(turn)
    const body = JSON.stringify(pushOfReports(device, 1, report))
    const answer = await client.send({ method: 'POST', path: '/api/v1/push', bearer: device.token, body })
    textOf(answer)
    tookMs.push(answer.tookMs)
  })
  client.close()
  return { p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99) }
}

takeOrders<Order>(async (order) => {
  switch (order.kind) {
    case 'enroll':
      devices = await enrollDevices(order)
      return {}
    case 'ask':
      return ask(order)
    case 'storm':
      begin(order)
      return {}
    case 'calm':
      storm?.abort()
      return {}
    case 'push':
      return push(order)
  }
})
