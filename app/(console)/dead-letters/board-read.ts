import { getDeadLetter, type DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { letterFacets, listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import { recordStandings, type RecordStanding } from '#lib/application/dead-letters/record-standings.ts'
import {
  getGroup,
  listGroups,
  type GroupTotals,
  type LetterGroup,
} from '#lib/application/letter-groups/list-groups.ts'
import { mergedCauses, type MergedCause } from '#lib/application/letter-groups/merged-causes.ts'
import { isApplicationError } from '#lib/application/errors.ts'
import type { LetterForecast } from '#lib/application/operations/foretell-letter.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import type { Filter } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { LETTER_FIELDS, type LetterKey } from '#lib/query/letter-fields.ts'
import { listFilter } from '../list-filter.ts'
import type { Visit } from '../viewer.ts'
import { foretell } from './foretell.ts'
import { annotationsIn } from '#lib/application/pillars/annotations.ts'
import type { Annotation } from '../pillars/mark-words.ts'
import { askedOf, listedLetters, pickGroup, speaksOf, without, withStatus } from './letter-links.ts'

type Letters = Awaited<ReturnType<typeof listDeadLetters>>

/** What the page of dead letters shows for an address. */
export interface Board {
  readonly filter: Filter<LetterKey>
  /** What in the filter is not understood; nothing was searched then. */
  readonly problem: string | null
  /** Causes of what the filter asks for, of whichever group. */
  readonly groups: readonly LetterGroup[]
  readonly totals: GroupTotals
  /** Of all open letters, whatever the filter. */
  readonly all: GroupTotals
  /** The one cause that the page is about. */
  readonly groupId: string | null
  readonly group: LetterGroup | null
  /** What was merged into it. */
  readonly merged: readonly MergedCause[]
  /** What was done to the fleet in the day that its chart shows. */
  readonly annotations: readonly Annotation[]
  readonly status: string | null
  readonly listed: Filter<LetterKey>
  /** `listed` as one would type it. */
  readonly q: string
  readonly list: Pick<Letters, 'items' | 'nextCursor'>
  /** How the server's record stands to each letter that is listed and open. */
  readonly standings: ReadonlyMap<string, RecordStanding>
  /** Exactly so many letters are listed, on all pages. */
  readonly matching: number
  readonly counts: FacetCounts<LetterKey>
  /** The letter that the address names, else the first of the list. */
  readonly detail: DeadLetterDetail | null
  /** What a replay of it would come to now. */
  readonly foretold: LetterForecast | null
}

const DAY_MS = 86_400_000
const NONE: GroupTotals = { groups: 0, letters: 0 }

/** Reads what an address asks for; a filter that names no status has the letters that are open. */
export async function readBoard(
  at: Visit,
  params: { readonly q: string; readonly cursor: string | null },
  asked: DeadLetterDetail | null,
): Promise<Board> {
  const who = { actor: at.actor, fleetId: at.fleet.id }
  const { filter, problem } = listFilter(params.q, LETTER_FIELDS)
  if (problem !== null && asked === null) return notUnderstood(problem)
  const asking = withStatus(filter)
  const [ofAnyGroup, counts] = await Promise.all([
    listGroups(at.ctx, { ...who, query: { q: formatFilter(without(asking, 'group')) } }),
    letterFacets(at.ctx, { ...who, query: { q: formatFilter(asking) } }),
  ])
  const { groups, totals } = ofAnyGroup
  const groupId = pickGroup(groups, filter, asked?.letter ?? null)
  const listed = listedLetters(filter, groupId, asked?.letter.status ?? 'open')
  const q = formatFilter(listed)
  const page = params.cursor === null ? {} : { cursor: params.cursor }
  const [list, group, matching, all] = await Promise.all([
    listDeadLetters(at.ctx, { ...who, query: { q, ...page } }),
    groupOf(at, groups, groupId),
    countListed(at, ofAnyGroup, listed, q),
    groups.length > 0 ? totals : listGroups(at.ctx, { ...who, query: {} }).then((open) => open.totals),
  ])
  const first = list.items[0]
  const detail = asked ?? (first === undefined ? null : await getDeadLetter(at.ctx, { ...who, id: first.id }))
  const [merged, foretold, annotations, standings] = await Promise.all([
    mergedCauses(at.ctx, { ...who, ids: group?.mergedIds ?? [] }),
    foretell(at, detail),
    group === null
      ? []
      : annotationsIn(at.ctx, { fleetId: at.fleet.id, fromMs: at.nowMs - DAY_MS, toMs: at.nowMs }),
    recordStandings(at.ctx, { ...who, letters: list.items.filter((letter) => letter.status === 'open') }),
  ])
  const status = askedOf(listed, 'status')
  return {
    filter,
    problem,
    groups,
    totals,
    all,
    groupId,
    group,
    merged,
    annotations,
    status,
    listed,
    q,
    list,
    standings,
    matching,
    counts,
    detail,
    foretold,
  }
}

/** As the filter counts it; one that none of its letters are of is told of by itself, and an unknown one is none. */
async function groupOf(
  at: Visit,
  groups: readonly LetterGroup[],
  id: string | null,
): Promise<LetterGroup | null> {
  const counted = groups.find((one) => one.id === id)
  if (counted !== undefined || id === null) return counted ?? null
  try {
    return await getGroup(at.ctx, { actor: at.actor, fleetId: at.fleet.id, id })
  } catch (error) {
    if (isApplicationError(error) && error.tidemarkCode === 'not_found') return null
    throw error
  }
}

/** Counted with the groups where those say it already: a count is a look at every letter that is asked for. */
async function countListed(
  at: Visit,
  { groups, totals }: { readonly groups: readonly LetterGroup[]; readonly totals: GroupTotals },
  listed: Filter<LetterKey>,
  q: string,
): Promise<number> {
  if (!speaksOf(listed, 'group')) return totals.letters
  const group = groups.find(({ id }) => id === askedOf(listed, 'group'))
  if (group !== undefined) return group.count
  const own = await listGroups(at.ctx, { actor: at.actor, fleetId: at.fleet.id, query: { q } })
  return own.totals.letters
}

function notUnderstood(problem: string): Board {
  return {
    filter: [],
    problem,
    groups: [],
    totals: NONE,
    all: NONE,
    groupId: null,
    group: null,
    merged: [],
    annotations: [],
    status: null,
    listed: [],
    q: '',
    list: { items: [], nextCursor: null },
    standings: new Map(),
    matching: 0,
    counts: { facets: [], matching: 0, capped: false },
    detail: null,
    foretold: null,
  }
}
