import { formatCount, formatPercent, plural } from '#components/ui/format.ts'
import type { LinkedFieldHeatRow } from '#components/charts/field-heat.tsx'
import type { conflictHeat } from '#lib/application/pillars/conflict-heat.ts'
import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import { FILTER_LENGTH_MAX, isAmong, type Filter } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { placeWords } from '../conflicts/desk-words.ts'

export type Heat = Awaited<ReturnType<typeof conflictHeat>>

/** What a search needs for a time between two moments beside it. */
const TIME_LENGTH = 70

/** The heat map's title: which field is contested most. Pure. */
export function contestedSentence({ rows, collections }: Pick<Heat, 'rows' | 'collections'>): string {
  const [worst] = rows
  if (worst !== undefined)
    return `${placeWords(worst.place)} of ${worst.collection} is contested most, in ${worst.share === null ? plural(worst.count, 'conflict') : `${formatPercent(worst.share)} of its conflicts`}`
  return collections.some(({ conflicts }) => conflicts > 0)
    ? 'Which fields are contested is not told'
    : 'No field is contested in this time'
}

/** What the picture leaves out, and what its figures are. Pure. */
export function contestedNote({ rows, fields }: Pick<Heat, 'rows' | 'fields'>): string {
  const cut =
    fields > rows.length
      ? `the ${formatCount(rows.length)} most contested of ${plural(fields, 'field')}; `
      : ''
  return `${cut}the stronger, the more conflicts; a conflict over two fields is in both`
}

/**
 * The rows with their search: all conflicts of a field, open or settled, of one app version where the page is of one. Pure.
 * @param version of the device whose change met the conflict
 */
export function contestedRows({ rows }: Pick<Heat, 'rows'>, version: string | null): LinkedFieldHeatRow[] {
  const many = new Set(rows.map(({ collection }) => collection)).size > 1
  return rows.map(({ collection, place, count, share }) => {
    const filter: Filter<ConflictKey> = [
      isAmong('collection', collection),
      isAmong('field', place),
      ...(version === null ? [] : [isAmong<ConflictKey>('version', version)]),
      isAmong('status', 'open', 'resolved'),
    ]
    const q = formatFilter(filter)
    return {
      label: placeWords(place),
      ...(many ? { of: collection } : {}),
      count,
      share,
      q: q.length + TIME_LENGTH > FILTER_LENGTH_MAX ? null : q,
    }
  })
}
