import type { Context } from '#lib/application/context.ts'
import { listAudit } from '#lib/application/audit/list-audit.ts'
import { listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import { listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import { deviceViews } from '#lib/application/devices/device-views.ts'
import { deviceFacetsQuery, listDevices } from '#lib/application/devices/list-devices.ts'
import { parsedOrThrow } from '#lib/application/errors.ts'
import { getFleet } from '#lib/application/fleets/change-fleet.ts'
import { listPages } from '#lib/application/list-pages.ts'
import { getOperation, listOperationItems } from '#lib/application/operations/list-operations.ts'
import { listSessions } from '#lib/application/sessions/list-sessions.ts'
import { exportResponse, formatOf } from './export.ts'
import {
  AUDIT_COLUMNS,
  CONFLICT_COLUMNS,
  DEVICE_COLUMNS,
  LETTER_COLUMNS,
  OPERATION_COLUMNS,
  SESSION_COLUMNS,
} from './export-columns.ts'
import { sessionQueryOf } from './query.ts'
import type { AdminCall, FleetCall } from './table.ts'

/** GET /sessions/export: those of the filter and the range, which ends when it is asked for. */
export function exportSessions({ ctx, actor, fleetId, query }: FleetCall): Promise<Response> {
  const { format, rest } = formatOf(query)
  const asked = sessionQueryOf(rest, ctx.clock.now()) as object
  const pages = listPages((page) => listSessions(ctx, { actor, fleetId, query: { ...asked, ...page } }))
  return exportResponse(ctx, format, { name: 'sessions', columns: SESSION_COLUMNS, pages })
}

/**
 * GET /devices/export: those of the filter when the file was asked for, by name: in an order that moves, a device that is
 * heard while the file is written would be missed.
 */
export async function exportDevices({ ctx, actor, fleetId, query }: FleetCall): Promise<Response> {
  const { format, rest } = formatOf(query)
  parsedOrThrow(deviceFacetsQuery, rest)
  const { settings } = await getFleet(ctx, { actor, id: fleetId })
  const asOf = frozen(ctx)
  const pages = listPages(async (page) => {
    const walk = { ...rest, sort: 'name', ...page }
    const { items, nextCursor } = await listDevices(asOf, { actor, fleetId, query: walk })
    return { items: deviceViews(items, ctx.clock.now(), settings.intervalMs), nextCursor }
  })
  return exportResponse(ctx, format, { name: 'devices', columns: DEVICE_COLUMNS, pages })
}

/** What a file of letters needs of a call: a bench makes it too, and the type checker says what is missing. */
type LetterFileCall = Pick<FleetCall, 'actor' | 'fleetId' | 'query'> & {
  readonly ctx: Pick<Context, 'storage' | 'clock' | 'secret' | 'log'>
}

/** GET /dead-letters/export: those of the filter; an age in it is of when the file was asked for. */
export function exportLetters({ ctx, actor, fleetId, query }: LetterFileCall): Promise<Response> {
  const { format, rest } = formatOf(query)
  const asOf = frozen(ctx)
  // Bodies are up to 256 KiB each, so that a page of them is small.
  const pages = listPages(
    (page) => listDeadLetters(asOf, { actor, fleetId, query: { ...rest, ...page } }),
    LETTERS_PER_PAGE,
  )
  return exportResponse(ctx, format, { name: 'dead-letters', columns: LETTER_COLUMNS, pages })
}

/** GET /conflicts/export: those of the filter; an age in it is of when the file was asked for. */
export function exportConflicts({ ctx, actor, fleetId, query }: FleetCall): Promise<Response> {
  const { format, rest } = formatOf(query)
  const asOf = frozen(ctx)
  // Sides are up to 256 KiB each, so that a page of them is small.
  const pages = listPages(
    (page) => listConflicts(asOf, { actor, fleetId, query: { ...rest, ...page } }),
    LETTERS_PER_PAGE,
  )
  return exportResponse(ctx, format, { name: 'conflicts', columns: CONFLICT_COLUMNS, pages })
}

/** The same at the time of now: an age in a filter means one moment for all of a file. */
function frozen<C extends Pick<Context, 'clock'>>(ctx: C): C {
  const nowMs = ctx.clock.now()
  return { ...ctx, clock: { ...ctx.clock, now: () => nowMs } }
}

/** GET /operations/:id/export: its members as they stand, by state or outcome. */
export async function exportOperation({ ctx, actor, fleetId, query, params }: FleetCall): Promise<Response> {
  const { format, rest } = formatOf(query)
  const asked = { actor, fleetId, id: params['id'] ?? '' }
  await getOperation(ctx, asked)
  const pages = listPages((page) => listOperationItems(ctx, { ...asked, query: { ...rest, ...page } }))
  return exportResponse(ctx, format, { name: 'operation', columns: OPERATION_COLUMNS, pages })
}

const LETTERS_PER_PAGE = 100

/**
 * GET /audit/export: those of the filter, up to when the file was asked for: what is written meanwhile is newer than its
 * first page.
 */
export function exportAudit({ ctx, actor, query }: AdminCall): Promise<Response> {
  const { format, rest } = formatOf(query)
  const asOf = frozen(ctx)
  const pages = listPages((page) => listAudit(asOf, { actor, query: { ...rest, ...page } }))
  return exportResponse(ctx, format, { name: 'audit', columns: AUDIT_COLUMNS, pages })
}
