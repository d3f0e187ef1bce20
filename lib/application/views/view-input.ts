import { z } from 'zod'
import { label } from '#lib/protocol/device.ts'
import { CONFLICT_FIELDS, CONFLICT_SORTS } from '#lib/query/conflict-fields.ts'
import { DEVICE_FIELDS, DEVICE_SORTS } from '#lib/query/device-fields.ts'
import { FILTER_LENGTH_MAX, type Fields } from '#lib/query/field.ts'
import { LETTER_FIELDS } from '#lib/query/letter-fields.ts'
import { parseFilter, problemText } from '#lib/query/parse-filter.ts'
import { SESSION_FIELDS } from '#lib/query/session-fields.ts'
import type { SavedView, ViewPage } from '#lib/storage/ports.ts'
import { isAtLeast, roleIn } from '../access/authorize.ts'
import type { Actor } from '../context.ts'
import { badRequest } from '../errors.ts'

export const VIEW_PAGES = [
  'sessions',
  'devices',
  'conflicts',
  'dead-letters',
] as const satisfies readonly ViewPage[]
/** Of one person and page. */
export const OWN_VIEWS_MAX = 50
/** Of a fleet and page. */
export const SHARED_VIEWS_MAX = 100

export const viewName = label(80).refine(
  (text) => text.trim() !== '',
  'must have a character that can be seen',
)

const text = z.string().max(40).optional()
/** What of a page's address a view keeps; the page says itself what it does not understand of the times. */
export const viewParams = z.strictObject({
  q: z.string().max(FILTER_LENGTH_MAX).optional(),
  range: text,
  from: text,
  to: text,
  sort: z.enum([...DEVICE_SORTS, ...CONFLICT_SORTS]).optional(),
})
export type ViewParams = z.infer<typeof viewParams>

const FIELDS: Readonly<Record<ViewPage, Fields>> = {
  sessions: SESSION_FIELDS,
  devices: DEVICE_FIELDS,
  conflicts: CONFLICT_FIELDS,
  'dead-letters': LETTER_FIELDS,
}

const SORTS: Readonly<Record<ViewPage, readonly string[]>> = {
  sessions: [],
  devices: DEVICE_SORTS,
  conflicts: CONFLICT_SORTS,
  'dead-letters': [],
}

/** Without what is left out. @throws ApplicationError `bad_request` for a search that its page does not understand */
export function keptParams(page: ViewPage, params: ViewParams): Readonly<Record<string, string>> {
  const { q = '' } = params
  const parsed = parseFilter(q, FIELDS[page])
  if (!parsed.ok) throw badRequest([{ path: '/params/q', message: problemText(parsed.error) }])
  const sorts = SORTS[page]
  if (params.sort !== undefined && !sorts.some((sort) => sort === params.sort)) {
    const message = sorts.length === 0 ? `${page} have one order` : `must be one of ${sorts.join(', ')}`
    throw badRequest([{ path: '/params/sort', message }])
  }
  const given = Object.entries(params).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return Object.fromEntries(given)
}

/** Whether there is no room for one more, shared or of this owner. */
export const isFull =
  ({ shared, ownerId }: Pick<SavedView, 'shared' | 'ownerId'>) =>
  (others: readonly SavedView[]): boolean =>
    shared
      ? others.filter((view) => view.shared).length >= SHARED_VIEWS_MAX
      : others.filter((view) => !view.shared && view.ownerId === ownerId).length >= OWN_VIEWS_MAX

export const isSeenBy = (actor: Actor, view: SavedView): boolean => view.shared || view.ownerId === actor.id

/** Whoever kept it, and of a shared one also an administrator. */
export const mayChange = (actor: Actor, view: SavedView): boolean =>
  view.ownerId === actor.id || (view.shared && isAtLeast(roleIn(actor, view.fleetId), 'admin'))

export const full = () =>
  badRequest([
    {
      path: '',
      message: `a page has at most ${OWN_VIEWS_MAX} views of one person and ${SHARED_VIEWS_MAX} shared ones`,
    },
  ])
