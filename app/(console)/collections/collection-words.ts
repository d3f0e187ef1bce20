import { formatCount, formatDuration, formatPercent, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import { RECORDS_COUNTED_MAX, type BoardedCollection } from '#lib/application/collections/collection-board.ts'

type Row = NonNullable<BoardedCollection['row']>

/** "12,480", or "over 10,000" where nobody counted further. Pure. */
export const recordsText = (records: number): string =>
  records >= RECORDS_COUNTED_MAX ? `over ${formatCount(RECORDS_COUNTED_MAX)}` : formatCount(records)

const WORDS: Readonly<Record<Row['lagLevel'], string>> = {
  ok: 'within target',
  warn: 'over target',
  crit: 'critical',
  unk: 'not known',
}

/** What a pillar says of one collection; the figure stands beside the word. Pure. */
export function lagVerdict(row: BoardedCollection['row']): {
  kind: StatusKind
  word: string
  figure: string
} {
  if (row === null || row.uploadLag.p95 === null) return { kind: 'unk', word: 'no sample', figure: '' }
  return { kind: row.lagLevel, word: WORDS[row.lagLevel], figure: `p95 ${formatDuration(row.uploadLag.p95)}` }
}

export function conflictVerdict(row: BoardedCollection['row']): {
  kind: StatusKind
  word: string
  figure: string
} {
  if (row === null || row.conflicts.whole === 0) return { kind: 'unk', word: 'no change', figure: '' }
  const { part, whole, rate } = row.conflicts
  // Friction is for a person by day, as on Overview.
  const kind = row.conflictLevel === 'crit' ? 'warn' : row.conflictLevel
  const word = row.conflictLevel === 'unk' ? 'too few' : WORDS[row.conflictLevel]
  return { kind, word, figure: `${formatPercent(rate)}, ${formatCount(part)} of ${formatCount(whole)}` }
}

const isOver = ({ row }: BoardedCollection): boolean =>
  row !== null && [row.lagLevel, row.conflictLevel].some((level) => level === 'warn' || level === 'crit')

/** The page's first line. Pure. */
export function boardSentence(fleetName: string, board: readonly BoardedCollection[]): string {
  if (board.length === 0) return `${fleetName} has no collection yet`
  const over = board.filter(isOver).map(({ collection }) => collection.name)
  const all = plural(board.length, 'collection')
  if (over.length === 0) return `${fleetName} syncs ${all}; none is over its limits`
  return over.length === 1
    ? `${over[0]} is over its limits; ${fleetName} syncs ${all}`
    : `${formatCount(over.length)} of ${all} are over their limits`
}
