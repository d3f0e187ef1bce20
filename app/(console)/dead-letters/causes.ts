import { carryShared, withParams } from '#components/ui/search-params.ts'
import type { DeadLetterCauseRow } from '#lib/application/dead-letters/list-causes.ts'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'

/** One group: what the list of letters can be filtered by. */
export type CauseKey = { code: string; appVersion: string; collection: string }

/** Open letters of one group. Devices are at least so many when the group holds several messages. */
export type CauseGroup = CauseKey & {
  detail: string
  otherDetails: number
  count: number
  devices: number
  devicesAtLeast: boolean
  newestAtMs: number
}

/** Puts causes that differ in their message only into one group, most letters first. Pure. */
export function groupCauses(causes: readonly DeadLetterCauseRow[]): readonly CauseGroup[] {
  const groups = new Map<string, CauseGroup>()
  for (const { code, appVersion, collection, detail, count, devices, newestAtMs } of causes.toSorted(
    (a, b) => b.count - a.count,
  )) {
    const key = JSON.stringify([code, appVersion, collection])
    const group = groups.get(key)
    if (group === undefined) {
      groups.set(key, {
        code,
        appVersion,
        collection,
        detail,
        count,
        devices,
        newestAtMs,
        otherDetails: 0,
        devicesAtLeast: false,
      })
    } else {
      groups.set(key, {
        ...group,
        count: group.count + count,
        otherDetails: group.otherDetails + 1,
        // The same device can be in both, so their sum would count it twice.
        devices: Math.max(group.devices, devices),
        devicesAtLeast: true,
        newestAtMs: Math.max(group.newestAtMs, newestAtMs),
      })
    }
  }
  return [...groups.values()].toSorted((a, b) => b.count - a.count || b.newestAtMs - a.newestAtMs)
}

export const isSameCause = (a: CauseKey, b: CauseKey): boolean =>
  a.code === b.code && a.appVersion === b.appVersion && a.collection === b.collection

/** The group that an address asks for: its letter's own, else the first that fits what is given. Pure. */
export function pickCause(
  groups: readonly CauseGroup[],
  asked: { code: string | null; version: string | null; collection: string | null },
  letter: DeadLetterDetail['letter'] | null,
): CauseKey | null {
  if (letter !== null) {
    const { code, appVersion, mutation } = letter
    return { code, appVersion, collection: mutation.collection }
  }
  const fits = groups.find(
    (group) =>
      (asked.code === null || group.code === asked.code) &&
      (asked.version === null || group.appVersion === asked.version) &&
      (asked.collection === null || group.collection === asked.collection),
  )
  return fits === undefined
    ? null
    : { code: fits.code, appVersion: fits.appVersion, collection: fits.collection }
}

/** The address of a group, or of one letter in it, in the same fleet, range and status. Pure. */
export function causeHref(query: string, cause: CauseKey | null, letterId?: string): string {
  const path = letterId === undefined ? '/dead-letters' : `/dead-letters/${letterId}`
  const kept = new URL(carryShared(path, query), 'http://local.invalid').search
  return withParams(path, kept, {
    status: new URLSearchParams(query).get('status'),
    code: cause?.code ?? null,
    version: cause?.appVersion ?? null,
    collection: cause?.collection ?? null,
  })
}
