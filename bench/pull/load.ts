/** The load generator of pulls: a process of its own, told by its parent what to do. */
import { HEADERS } from '#lib/protocol/device.ts'
import type { EnrollOrder } from '../enroll.ts'
import { enrollDevices } from '../enroll.ts'
import type { Answer } from '../http-client.ts'
import { HttpClient, inParallel, quantile, textOf } from '../http-client.ts'
import { takeOrders } from '../orders.ts'
import type { Protocol } from '../peer/peer.ts'
import { PULLS, PUSHED, pushIn } from '../peer/peer.ts'
import type { PushingDevice } from '../push/push-bodies.ts'
import { nextReport, pushOfReports, strikeReportSource } from '../push/push-bodies.ts'

export type Order =
  | EnrollOrder
  /** New records. */
  | { readonly kind: 'write'; readonly url: string; readonly protocol: Protocol; readonly records: number }
  /** Each of these devices reads from its token, or from the beginning, until there is no more; then its token is kept. */
  | {
      readonly kind: 'read'
      readonly url: string
      readonly protocol: Protocol
      readonly from: number
      readonly devices: number
      readonly fresh: boolean
      readonly concurrency: number
      /** That each of them must be brought. */
      readonly records: number
    }
  /** Each device asks with its token, and nothing is new. */
  | {
      readonly kind: 'poll'
      readonly url: string
      readonly devices: number
      readonly times: number
      readonly concurrency: number
    }

export interface ReadFigures {
  readonly recordsPerSecond: number
  /** Of the answers as they came, without headers. */
  readonly bytesPerRecord: number
  /** Of one answer. */
  readonly p50Ms: number
  readonly p99Ms: number
}
export interface PollFigures {
  readonly pollsPerSecond: number
  readonly p99Ms: number
}

/** Few, as devices do: a record's bytes hang on how many of its neighbours share an author. */
const PUSHED_AT_ONCE = 10
const report = strikeReportSource()
let devices: readonly PushingDevice[] = []
/** By server: a device counts its reports to each, or every other one would be missing there. */
const devicesOf = new Map<string, readonly PushingDevice[]>()
/** By server, then by the device's number. */
const tokens = new Map<string, Map<number, string>>()
const tokensAt = (url: string): Map<number, string> => {
  const known = tokens.get(url) ?? new Map<number, string>()
  tokens.set(url, known)
  return known
}

takeOrders(async (order: Order): Promise<object> => {
  switch (order.kind) {
    case 'enroll':
      devices = await enrollDevices(order)
      return { enrolled: devices.length }
    case 'write':
      return write(order)
    case 'read':
      return read(order)
    case 'poll':
      return poll(order)
  }
})

/** The devices write in turn, so that stamps and vectors are those of many. */
async function write({ url, protocol, records }: Extract<Order, { kind: 'write' }>): Promise<object> {
  const client = new HttpClient(url)
  for (let written = 0; written < records; written += PUSHED_AT_ONCE) {
    const writer = deviceAt(url, written / PUSHED_AT_ONCE)
    const push = pushOfReports(writer, Math.min(PUSHED_AT_ONCE, records - written), report)
    const call = { method: 'POST', bearer: writer.token, ...pushIn(protocol, push) } as const
    textOf(await client.send(call), PUSHED[protocol])
  }
  client.close()
  return { written: records }
}

/** Answers are counted after the clock has stopped; within it only their last part is read. */
async function read(order: Extract<Order, { kind: 'read' }>): Promise<ReadFigures> {
  const known = tokensAt(order.url)
  const { endOf, idsOf } = PULLS[order.protocol]
  const client = new HttpClient(order.url)
  const numbers = Array.from({ length: order.devices }, (_, i) => order.from + i)
  const startedMs = performance.now()
  const answers = await inParallel(numbers, order.concurrency, async (number) => {
    const pages: { readonly text: string; readonly answer: Answer }[] = []
    let token = order.fresh ? null : (known.get(number) ?? null)
    for (let hasMore = true; hasMore;) {
      const answer = await ask(client, order, number, token)
      const text = textOf(answer)
      ;({ token, hasMore } = endOf(text, token))
      pages.push({ text, answer })
      known.set(number, token)
    }
    return pages
  })
  const seconds = (performance.now() - startedMs) / 1_000
  client.close()
  for (const pages of answers)
    checkCount(
      pages.flatMap(({ text }) => idsOf(text)),
      order.records,
    )
  const all = answers.flat().map(({ answer }) => answer)
  const records = order.devices * order.records
  const took = all.map(({ tookMs }) => tookMs)
  return {
    recordsPerSecond: records / seconds,
    bytesPerRecord: all.reduce((sum, { body }) => sum + body.length, 0) / records,
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
  }
}

async function poll({
  url,
  devices: count,
  times,
  concurrency,
}: Extract<Order, { kind: 'poll' }>): Promise<PollFigures> {
  const known = tokensAt(url)
  const client = new HttpClient(url)
  // As devices do, none asks again before it was answered: its reports come in order.
  const lanes = Array.from({ length: concurrency }, (_, lane) => lane)
  const startedMs = performance.now()
  const answered = await inParallel(lanes, concurrency, async (lane) => {
    const answers: Answer[] = []
    for (let time = 0; time < times; time++)
      for (let number = lane; number < count; number += concurrency)
        answers.push(await ask(client, { url, protocol: 'tidemark' }, number, known.get(number) ?? null))
    return answers
  })
  const answers = answered.flat()
  const seconds = (performance.now() - startedMs) / 1_000
  client.close()
  for (const answer of answers) checkCount(PULLS.tidemark.idsOf(textOf(answer)), 0)
  const took = answers.map(({ tookMs }) => tookMs)
  return { pollsPerSecond: answers.length / seconds, p99Ms: quantile(took, 0.99) }
}

/** As the SDK asks, its report included. */
function ask(
  client: HttpClient,
  { url, protocol }: Pick<Extract<Order, { kind: 'read' }>, 'url' | 'protocol'>,
  number: number,
  token: string | null,
): Promise<Answer> {
  const device = deviceAt(url, number)
  const report = nextReport(device, { state: 'pulling', outbox: { depth: 0 } })
  const headers = {
    'accept-encoding': 'br, gzip',
    [HEADERS.report]: JSON.stringify(report),
  }
  return client.send({ method: 'GET', path: PULLS[protocol].pathOf(token), bearer: device.token, headers })
}

function checkCount(ids: readonly string[], records: number): void {
  const found = new Set(ids).size
  if (found !== records) throw new Error(`${found} records were read, ${records} are there`)
}

function deviceAt(url: string, number: number): PushingDevice {
  const own = devicesOf.get(url) ?? devices.map((device) => ({ ...device }))
  devicesOf.set(url, own)
  const device = own[number % own.length]
  if (!device) throw new Error('no device is enrolled')
  return device
}
