import { randomUUID } from 'node:crypto'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { PushRequest } from '#lib/protocol/push.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import { loadStrikeReports } from '../../scripts/fleet/strike-reports.ts'

/** What a device needs to know of itself to push. */
export interface PushingDevice {
  readonly id: string
  readonly token: string
  readonly epoch: number
  /** Its own counter (protocol.md, report); raised by each push. */
  seq: number
}

/** The 10,000 real strike reports, one after the other and from the start again. */
export function strikeReportSource(): () => JsonObject {
  const reports = [...loadStrikeReports().values()].flat()
  let next = 0
  return () => reports[next++ % reports.length] as JsonObject
}

/** A push of new strike reports, each a record of its own. */
export const pushOfReports = (device: PushingDevice, count: number, report: () => JsonObject): PushRequest =>
  pushOf(device, count, (stamp) => ({
    ...stamp,
    collection: 'strike-reports',
    recordId: uuidv7(Date.now(), Math.random),
    baseVersion: 0,
    op: { type: 'put', data: report() },
  }))

/** Far apart for devices, so that the newest stamp is seldom the one that comes last. */
const SKEW_MAX_MS = 2_000

/** A push over records that all devices write, each change made on the first version; a document holds its own stamp. */
export const pushOfInspections = (
  device: PushingDevice,
  count: number,
  records: readonly string[],
): PushRequest =>
  pushOf(
    device,
    count,
    (stamp) => ({
      ...stamp,
      collection: 'inspections',
      recordId: records[Math.floor(Math.random() * records.length)] as string,
      baseVersion: 1,
      op: { type: 'put', data: inspectionOf(stamp.hlc) },
    }),
    // By its id, so that a device's own stamps only grow.
    (Number.parseInt(device.id.slice(-4), 16) / 0xffff) * SKEW_MAX_MS,
  )

/** Makes the records of the above. */
export const pushOfNewInspections = (device: PushingDevice, records: readonly string[]): PushRequest => {
  const ids = records.values()
  return pushOf(device, records.length, (stamp) => ({
    ...stamp,
    collection: 'inspections',
    recordId: ids.next().value as string,
    baseVersion: 0,
    op: { type: 'put', data: inspectionOf(stamp.hlc) },
  }))
}

const inspectionOf = (hlc: string): JsonObject => ({
  airportName: 'DENVER INTL AIRPORT',
  runway: '16R/34L',
  inspectedAt: '2026-01-01T00:00:00Z',
  outcome: 'clear',
  remarks: hlc,
})

type Stamp = Pick<Mutation, 'id' | 'baseEpoch' | 'schemaVersion' | 'hlc' | 'madeAt'>

/** A push of so many mutations, each made of its own stamp. */
export function pushOf(
  device: PushingDevice,
  count: number,
  mutationOf: (stamp: Stamp) => Mutation,
  behindMs = 0,
): PushRequest {
  const nowMs = Date.now()
  const wallMs = Math.floor(nowMs - behindMs)
  const madeAt = new Date(wallMs).toISOString()
  const mutations = Array.from({ length: count }, (_, counter) =>
    mutationOf({
      id: uuidv7(nowMs, Math.random),
      baseEpoch: device.epoch,
      schemaVersion: 1,
      hlc: formatHlc({ wallMs, counter, deviceId: device.id }),
      madeAt,
    }),
  )
  return {
    requestId: randomUUID(),
    sessionId: uuidv7(nowMs, Math.random),
    epoch: device.epoch,
    report: nextReport(device, { state: 'pushing', outbox: { depth: count, oldestMadeAt: madeAt } }),
    mutations,
  }
}

/** What a device tells of itself with each push and pull. */
export function nextReport(
  device: PushingDevice,
  told: Pick<DeviceReport, 'state' | 'outbox'>,
): DeviceReport {
  device.seq += 1
  return { ...told, seq: device.seq, nonce: randomUUID(), clock: { offsetMs: 0, rttMs: 1 } }
}
