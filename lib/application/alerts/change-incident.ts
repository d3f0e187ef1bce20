import { z } from 'zod'
import type { Incident, IncidentEntry } from '#lib/telemetry/alerts/incident.ts'
import type { Notice } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { viewOf, type IncidentView } from './incidents.ts'
import { noticeOf } from './notice-of.ts'
import { oneLine, someLines } from './texts.ts'

export const ackInput = z.strictObject({})
export const ownerInput = z.strictObject({
  /** A person or a team; null gives it back. */
  owner: oneLine(80).nullable(),
})
export const noteInput = z.strictObject({ text: someLines(4_000) })

interface Input {
  readonly actor: Actor
  readonly fleetId: string
  readonly id: string
  readonly body: unknown
}
type Said = Pick<IncidentEntry, 'kind' | 'text'>

/**
 * Somebody takes an open incident on: it calls nobody any more, unless it gets worse. A repeat changes nothing.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `incident_resolved`
 */
export async function acknowledge(ctx: Context, input: Input): Promise<IncidentView> {
  parsedOrThrow(ackInput, input.body ?? {})
  const { id, name } = input.actor
  return change(ctx, input, 'incident.acknowledge', (incident) => {
    requireOpen(incident)
    const ack = incident.ack ?? { by: { id, name }, atMs: ctx.clock.now() }
    return [{ ...incident, ack }, incident.ack === null ? { kind: 'acknowledged', text: '' } : null]
  })
}

/** Takes that back. @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `incident_resolved` */
export async function unacknowledge(ctx: Context, input: Input): Promise<IncidentView> {
  parsedOrThrow(ackInput, input.body ?? {})
  return change(ctx, input, 'incident.unacknowledge', (incident) => {
    requireOpen(incident)
    return [{ ...incident, ack: null }, incident.ack === null ? null : { kind: 'unacknowledged', text: '' }]
  })
}

/** Says who has it. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function assign(ctx: Context, input: Input): Promise<IncidentView> {
  const { owner } = parsedOrThrow(ownerInput, input.body)
  return change(ctx, input, 'incident.assign', (incident) => [
    { ...incident, owner },
    incident.owner === owner ? null : { kind: 'assigned', text: owner ?? '' },
  ])
}

/** Adds a note to what happened. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function note(ctx: Context, input: Input): Promise<IncidentView> {
  const { text } = parsedOrThrow(noteInput, input.body)
  return change(ctx, input, 'incident.note', (incident) => [incident, { kind: 'noted', text }])
}

function requireOpen({ state }: Incident): void {
  if (state === 'resolved') throw new ApplicationError('incident_resolved')
}

async function change(
  ctx: Context,
  { actor, fleetId, id }: Input,
  action: string,
  said: (incident: Incident) => readonly [next: Incident, entry: Said | null],
): Promise<IncidentView> {
  authorize(actor, fleetId, 'operator')
  const fleet = await ctx.storage.fleets.get(fleetId)
  if (!fleet) throw new ApplicationError('not_found')
  const changed = await ctx.storage.alerts.changeIncident(fleetId, id, (incident) => {
    const [next, entry] = said(incident)
    const nowMs = ctx.clock.now()
    const by = { id: actor.id, name: actor.name }
    const told = { rule: null, severity: null, by, incidentId: id, atMs: nowMs }
    const saved = { ...next, version: incident.version + 1 }
    return {
      next: saved,
      entries: entry === null ? [] : [{ ...told, ...entry, id: ctx.ids() }],
      notices: entry === null ? [] : noticesOf(ctx, fleet.name, saved, entry, actor.name),
      audit: auditEntry(ctx, actor, {
        action,
        target: id,
        fleetId,
        before: shownIn(incident),
        after: shownIn(next),
        reason: entry?.kind === 'noted' ? entry.text : null,
      }),
    }
  })
  if (!changed) throw new ApplicationError('not_found')
  return viewOf(changed)
}

/** Who was called hears that somebody took it on, and that nobody has it any more. */
function noticesOf(
  ctx: Context,
  fleetName: string,
  incident: Incident,
  { kind }: Said,
  by: string,
): readonly Notice[] {
  const severity = incident.toldSeverity
  if (severity === null) return []
  const told = { id: ctx.ids(), fleetName, severity, atMs: ctx.clock.now() }
  if (kind === 'acknowledged') return [noticeOf(incident, { ...told, state: 'acknowledged', by })]
  return kind === 'unacknowledged' ? [noticeOf(incident, { ...told, state: 'firing' })] : []
}

const shownIn = ({ ack, owner, state }: Incident) => ({ ack: ack?.by.name ?? null, owner, state })
