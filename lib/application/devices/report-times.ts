import { correctedMs } from '#lib/engine/clock-offset.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import type { StoredReport } from '#lib/storage/ports.ts'

/** Where an HLC ends; a device may name any time, and a storage must be able to keep it. */
const TIME_MAX_MS = 2 ** 48 - 1

/** A raw device time by the server's clock, kept within what can be stored. */
export const serverTimeMs = (iso: string, offsetMs: number): number =>
  Math.min(Math.max(Math.round(correctedMs(Date.parse(iso), offsetMs)), 0), TIME_MAX_MS)

/** A device's report as it is kept, its times corrected by the offset it measured. */
export function storedReport(report: DeviceReport, atMs: number): StoredReport {
  const { outbox, clock } = report
  const offsetMs = clock?.offsetMs ?? null
  return {
    state: report.state,
    seq: report.seq,
    nonce: report.nonce,
    depth: outbox.depth,
    oldestMadeAtMs:
      outbox.oldestMadeAt === undefined
        ? null
        : serverTimeMs(outbox.oldestMadeAt, outbox.oldestOffsetMs ?? offsetMs ?? 0),
    byCollection: outbox.byCollection ?? {},
    offsetMs,
    rttMs: clock?.rttMs ?? null,
    atMs,
  }
}

/** When a mutation was made, by the server's clock; the offset known then wins over the one of now. */
export const madeAtMs = (mutation: Mutation, offsetMs: number | null): number =>
  serverTimeMs(mutation.madeAt, mutation.madeOffsetMs ?? offsetMs ?? 0)
