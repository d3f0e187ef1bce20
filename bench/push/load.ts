/** The load generator of pushes: a process of its own, told by its parent what to do. */
import { enrollDevices } from '../enroll.ts'
import { HttpClient, inParallel, quantile, textOf } from '../http-client.ts'
import { takeOrders } from '../orders.ts'
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
      /** So many times a device pushes, one after the other and from the first again. */
      readonly pushes: number
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

const report = strikeReportSource()
let devices: readonly PushingDevice[] = []

takeOrders(async (order: Order) => {
  if (order.kind === 'round') return round(order)
  devices = await enrollDevices(order.url, order.enrollmentKey, order.devices)
  return { enrolled: devices.length }
})

/** Bodies are made before the clock starts and answers checked after it has stopped. */
async function round(order: Extract<Order, { kind: 'round' }>): Promise<RoundFigures> {
  const { mutations, concurrency, decides } = order
  const pushes = Array.from({ length: order.pushes }, (_, i) => {
    const device = devices[i % devices.length]
    if (!device) throw new Error('no device is enrolled')
    return { bearer: device.token, body: JSON.stringify(pushOfReports(device, mutations, report)) }
  })
  const client = new HttpClient(order.url)
  const startedMs = performance.now()
  const answers = await inParallel(pushes, concurrency, (push) =>
    client.send({ method: 'POST', path: '/api/v1/push', ...push }),
  )
  const seconds = (performance.now() - startedMs) / 1_000
  client.close()
  for (const answer of answers) check(textOf(answer), mutations, decides)
  const took = answers.map(({ tookMs }) => tookMs)
  const mutationsPerSecond = (pushes.length * mutations) / seconds
  return { mutationsPerSecond, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) }
}

function check(text: string, mutations: number, decides: boolean): void {
  const { results = [] } = JSON.parse(text) as { results?: readonly { status: string }[] }
  const applied = results.filter((result) => result.status === 'applied').length
  if (decides && applied !== mutations) throw new Error(`only ${applied} were applied: ${text}`)
}
