/** The load generator of pushes: a process of its own, told by its parent what to do. */
import type { PushRequest, PushResponse } from '#lib/protocol/push.ts'
import type { EnrollOrder } from '../enroll.ts'
import { enrollDevices } from '../enroll.ts'
import { HttpClient, inParallel, quantile, textOf } from '../http-client.ts'
import { takeOrders } from '../orders.ts'
import type { Protocol } from '../peer/peer.ts'
import { PUSHED, pushIn } from '../peer/peer.ts'
import type { PushingDevice } from './push-bodies.ts'
import { pushOfInspections, pushOfNewInspections, pushOfReports, strikeReportSource } from './push-bodies.ts'

export type Order =
  | EnrollOrder
  | {
      readonly kind: 'round'
      readonly url: string
      /** So many times a device pushes, one after the other and from the first again. */
      readonly pushes: number
      readonly mutations: number
      readonly concurrency: number
      readonly protocol: Protocol
      /** True when the server decides: then its results are looked at. */
      readonly decides: boolean
      /** The records that all pushes are about; without them each mutation is a new record. */
      readonly hot?: readonly string[]
    }
  /** New records for what is hot. */
  | { readonly kind: 'heat'; readonly url: string; readonly records: readonly string[] }
  /** By hot record the newest stamp that this server was sent. */
  | { readonly kind: 'winners'; readonly url: string }
export interface RoundFigures {
  readonly mutationsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const report = strikeReportSource()
let devices: readonly PushingDevice[] = []

/** By server, then by record. */
const newest = new Map<string, Map<string, string>>()

takeOrders(async (order: Order): Promise<object> => {
  switch (order.kind) {
    case 'enroll':
      devices = await enrollDevices(order)
      return { enrolled: devices.length }
    case 'heat':
      return heat(order)
    case 'round':
      return round(order)
    case 'winners':
      return Object.fromEntries(newest.get(order.url) ?? [])
  }
})

async function heat({ url, records }: Extract<Order, { kind: 'heat' }>): Promise<object> {
  const push = pushOfNewInspections(deviceAt(0), records)
  const client = new HttpClient(url)
  const call = { method: 'POST', path: '/api/v1/push', bearer: deviceAt(0).token } as const
  check(textOf(await client.send({ ...call, body: JSON.stringify(push) })), records.length, MADE)
  client.close()
  return { made: records.length }
}

/** Bodies are made before the clock starts and answers checked after it has stopped. */
async function round(order: Extract<Order, { kind: 'round' }>): Promise<RoundFigures> {
  const { mutations, concurrency, decides, protocol, hot } = order
  const pushes = Array.from({ length: order.pushes }, (_, i) => {
    const device = deviceAt(i)
    const push = hot ? pushOfInspections(device, mutations, hot) : pushOfReports(device, mutations, report)
    if (hot) noteStamps(order.url, push)
    return { bearer: device.token, ...pushIn(protocol, push) }
  })
  const client = new HttpClient(order.url)
  const startedMs = performance.now()
  const answers = await inParallel(pushes, concurrency, (push) => client.send({ method: 'POST', ...push }))
  const seconds = (performance.now() - startedMs) / 1_000
  client.close()
  if (!decides) for (const answer of answers) textOf(answer, PUSHED[protocol])
  if (decides) for (const answer of answers) check(textOf(answer), mutations, hot ? DECIDED : MADE)
  const took = answers.map(({ tookMs }) => tookMs)
  const mutationsPerSecond = (pushes.length * mutations) / seconds
  return { mutationsPerSecond, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) }
}

function noteStamps(url: string, { mutations }: PushRequest): void {
  const known = newest.get(url) ?? new Map<string, string>()
  newest.set(url, known)
  for (const { recordId, hlc } of mutations) if ((known.get(recordId) ?? '') < hlc) known.set(recordId, hlc)
}

const MADE = ['applied']
const DECIDED = ['applied', 'merged', 'superseded']
function check(text: string, mutations: number, expected: readonly string[]): void {
  const { results } = JSON.parse(text) as PushResponse
  const good = results.filter(({ status }) => expected.includes(status)).length
  if (good !== mutations) throw new Error(`only ${good} were taken: ${text.slice(0, 500)}`)
}

function deviceAt(index: number): PushingDevice {
  const device = devices[index % devices.length]
  if (!device) throw new Error('no device is enrolled')
  return device
}
