import type { ClockSample } from '#lib/engine/clock-offset.ts'
import { addClockSample, bestClockSample, correctedMs } from '#lib/engine/clock-offset.ts'
import { compareHlc, formatHlc, parseHlc, receiveHlc, tickHlc } from '#lib/kernel/hlc.ts'
import { assert } from '#lib/kernel/result.ts'
import type { StoreTx } from './store.ts'
import { getMeta, setMeta } from './tables.ts'

/** The offset and round trip to believe; null before the first answer. */
export const readOffset = async (tx: StoreTx): Promise<ClockSample | null> =>
  bestClockSample((await getMeta(tx, 'clock')) ?? [])

export async function noteClockSample(tx: StoreTx, sample: ClockSample): Promise<void> {
  await setMeta(tx, 'clock', addClockSample((await getMeta(tx, 'clock')) ?? [], sample))
}

const lastHlc = async (tx: StoreTx, deviceId: string) => {
  const text = (await getMeta(tx, 'hlc')) ?? formatHlc({ wallMs: 0, counter: 0, deviceId })
  const parsed = parseHlc(text)
  assert(parsed.ok, 'the stored HLC is one of ours')
  return { ...parsed.value, deviceId }
}

/** The stamp of a change made now, by the corrected clock (CL). */
export async function tickClock(tx: StoreTx, deviceId: string, rawMs: number): Promise<string> {
  const offsetMs = (await readOffset(tx))?.offsetMs ?? 0
  const hlc = formatHlc(tickHlc(await lastHlc(tx, deviceId), Math.max(0, correctedMs(rawMs, offsetMs))))
  await setMeta(tx, 'hlc', hlc)
  return hlc
}

/** Takes in stamps made elsewhere, so that the next one here is later than all of them. */
export async function receiveStamps(
  tx: StoreTx,
  deviceId: string,
  stamps: readonly string[],
  rawMs: number,
): Promise<void> {
  const newest = stamps.reduce((max, stamp) => (compareHlc(stamp, max) > 0 ? stamp : max), '')
  const seen = parseHlc(newest)
  if (!seen.ok) return
  const offsetMs = (await readOffset(tx))?.offsetMs ?? 0
  const last = await lastHlc(tx, deviceId)
  await setMeta(tx, 'hlc', formatHlc(receiveHlc(last, seen.value, Math.max(0, correctedMs(rawMs, offsetMs)))))
}

/** CS1: after `clock_out_of_bounds` the server's clock replaces our own, even backwards. */
export async function resetClock(tx: StoreTx, deviceId: string, serverHlc: string): Promise<void> {
  const parsed = parseHlc(serverHlc)
  if (parsed.ok) await setMeta(tx, 'hlc', formatHlc({ ...parsed.value, deviceId }))
}
