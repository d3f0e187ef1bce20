import type { Actor } from '#lib/application/context.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { AuditEntry } from '#lib/storage/ports.ts'
import type { AccessContext } from './context.ts'

/** What differs between entries; the rest has a plain default. */
export interface AuditDetails {
  readonly action: string
  readonly target: string
  readonly fleetId?: string | null
  readonly reason?: string | null
  readonly before?: Json
  readonly after?: Json
  /** The actor's own where it is left out. */
  readonly address?: string | null
  readonly outcome?: AuditEntry['outcome']
}

/** One line of the audit log, made by this actor now. Never put a secret or a payload into it. */
export function auditEntry(ctx: AccessContext, actor: Actor, details: AuditDetails): AuditEntry {
  return {
    id: ctx.ids(),
    atMs: ctx.clock.now(),
    fleetId: details.fleetId ?? null,
    actor: { kind: actor.kind, id: actor.id, name: actor.name },
    action: details.action,
    target: details.target,
    reason: details.reason ?? null,
    before: details.before ?? null,
    after: details.after ?? null,
    address: details.address ?? actor.address ?? null,
    outcome: details.outcome ?? 'done',
  }
}

/** The server itself, and the command line on its machine. */
export const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'Tidemark', roles: { '*': 'admin' } }

/** Someone who has not shown who they are. */
export const NOBODY: Actor = { kind: 'system', id: 'anonymous', name: 'Not signed in', roles: {} }

/** Several who have shown who they are, told of together. */
export const SEVERAL: Actor = { kind: 'system', id: 'several', name: 'Several', roles: {} }
