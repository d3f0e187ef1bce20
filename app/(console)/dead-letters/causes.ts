import { carryShared, withParams } from '#components/ui/search-params.ts'
import type { DeadLetterCauseRow } from '#lib/application/dead-letters/list-causes.ts'
import { causePath, type CauseKey } from '#lib/protocol/dead-letter-cause.ts'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'

/** An open group of letters, as the Overview counts them too. */
export type CauseGroup = DeadLetterCauseRow

/** Groups that the page lists, the most frequent first; the rest is counted. */
export const CAUSES_SHOWN_MAX = 50

/** The group that an address asks for: its letter's own, else the first that fits what is given. Pure. */
export function pickCause(
  groups: readonly CauseGroup[],
  asked: { code: string | null; version: string | null; collection: string | null; field: string | null },
  letter: DeadLetterDetail['letter'] | null,
): CauseKey | null {
  if (letter !== null) {
    const { code, appVersion, mutation } = letter
    return { code, appVersion, collection: mutation.collection, path: causePath(letter.path) }
  }
  const fits = groups.find(
    (group) =>
      (asked.code === null || group.code === asked.code) &&
      (asked.version === null || group.appVersion === asked.version) &&
      (asked.collection === null || group.collection === asked.collection) &&
      (asked.field === null || (group.path ?? '') === asked.field),
  )
  if (fits === undefined) return null
  const { code, appVersion, collection, path } = fits
  return { code, appVersion, collection, path }
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
    field: cause === null ? null : (cause.path ?? ''),
  })
}
