import type { StoredReview } from '#lib/storage/ports.ts'
import { versionChanges, type VersionChange } from '#lib/telemetry/review/version-changes.ts'
import type { Context } from '../context.ts'
import { itemList, pageRequest, type ItemList } from '../page.ts'
import { collectionOf, type OfCollection } from './collection-of.ts'

/** A version beside the one before it. */
export interface PastReview {
  readonly version: number
  readonly atMs: number
  readonly actor: string
  readonly note: string
  /** Null of the first one. */
  readonly changes: readonly VersionChange[] | null
}

const VERSIONS_PER_PAGE = 10

/** The versions of a collection's review with what each changed, the latest first. @throws ApplicationError `not_found`, `bad_request` */
export async function reviewHistory(
  ctx: Pick<Context, 'storage'>,
  { cursor, ...of }: OfCollection & { readonly cursor: string | null },
): Promise<ItemList<PastReview>> {
  await collectionOf(ctx, of, 'viewer')
  const request = pageRequest({ ...(cursor !== null && { cursor }), limit: VERSIONS_PER_PAGE + 1 })
  const { items } = await ctx.storage.reviews.list(of.fleetId, of.id, request)
  const shown = items.slice(0, VERSIONS_PER_PAGE)
  const last = shown.at(-1)
  const next = last && items.length > shown.length ? { atMs: last.atMs, id: last.id } : null
  const changesOf = (review: StoredReview, i: number) => {
    const before = items[i + 1]
    return before === undefined ? null : versionChanges(before, review)
  }
  return itemList(
    { items: shown.map((review, i) => ({ ...review, changes: changesOf(review, i) })), next },
    pastOf,
  )
}

const pastOf = ({ version, atMs, actor, note, changes }: PastReview): PastReview => ({
  version,
  atMs,
  actor,
  note,
  changes,
})
