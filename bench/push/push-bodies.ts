import { randomUUID } from 'node:crypto'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { PushRequest } from '#lib/protocol/push.ts'
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
export function pushOfReports(device: PushingDevice, count: number, report: () => JsonObject): PushRequest {
  const nowMs = Date.now()
  const madeAt = new Date(nowMs).toISOString()
  const mutations = Array.from({ length: count }, (_, counter): Mutation => ({
    id: uuidv7(nowMs, Math.random),
    collection: 'strike-reports',
    recordId: uuidv7(nowMs, Math.random),
    baseVersion: 0,
    baseEpoch: device.epoch,
    schemaVersion: 1,
    hlc: formatHlc({ wallMs: nowMs, counter, deviceId: device.id }),
    madeAt,
    op: { type: 'put', data: report() },
  }))
  device.seq += 1
  return {
    requestId: randomUUID(),
    sessionId: uuidv7(nowMs, Math.random),
    epoch: device.epoch,
    report: {
      state: 'pushing',
      seq: device.seq,
      nonce: randomUUID(),
      outbox: { depth: count, oldestMadeAt: madeAt },
      clock: { offsetMs: 0, rttMs: 1 },
    },
    mutations,
  }
}
