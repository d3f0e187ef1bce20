import { formatHlc, parseHlc } from '#lib/kernel/hlc.ts'
import { assert } from '#lib/kernel/result.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'

/** The same stamp by another id of the device. */
export function movedStamp(hlc: string, deviceId: string): string {
  const parsed = parseHlc(hlc)
  assert(parsed.ok, 'a stored HLC is one of ours')
  return formatHlc({ ...parsed.value, deviceId })
}

/** The id of the device that made it. */
export function actorOf(mutation: Mutation | undefined): string {
  const parsed = parseHlc(mutation?.hlc ?? '')
  assert(parsed.ok, 'a stored HLC is one of ours')
  return parsed.value.deviceId
}

/** The same change by the same mutation id, as the device's new id made it. */
export const movedMutation = (mutation: Mutation, deviceId: string): Mutation => ({
  ...mutation,
  hlc: movedStamp(mutation.hlc, deviceId),
})
