import { z } from 'zod'
import type { Actor } from '#lib/application/context.ts'
import { ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import { label } from '#lib/protocol/device.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { ApiKey } from '#lib/storage/ports.ts'
import { auditEntry } from './audit-entry.ts'
import {
  authorizeEverywhere,
  authorizeScope,
  EVERY_FLEET,
  isAtLeast,
  roleIn,
  ROLES,
  strongestRole,
} from './authorize.ts'
import type { AccessContext } from './context.ts'
import { makeApiCredential } from './credentials.ts'
import { requireFleet } from './require-fleet.ts'

/** What a key may do beside its role: `metrics` opens /metrics. */
const KEY_SCOPES = ['metrics'] as const
export const keyScopes = z.array(z.enum(KEY_SCOPES)).max(KEY_SCOPES.length)
const DAY_MS = 86_400_000
const KEY_DAYS_MAX = 3_650
/** What nobody says otherwise ends by itself: a key that was forgotten opens nothing after a quarter. */
export const KEY_DAYS_DEFAULT = 90

/** `metrics` shows the figures of every fleet, whatever fleet the key is for. @throws ApplicationError `forbidden` */
export function requireGrantable(actor: Actor, scopes: readonly string[]): void {
  if (scopes.length > 0) authorizeEverywhere(actor, 'admin')
}

/** A key as the API lists it: never with its hash. Times in Unix ms. */
export type ApiKeyView = Omit<ApiKey, 'hash'>

export const apiKeyCreation = z.strictObject({
  name: label(120),
  role: z.enum(ROLES),
  /** Without a fleet the key works in every fleet. */
  fleet: uuid.nullish(),
  scopes: keyScopes.optional(),
  /** Left out: 90. null: it never ends. */
  expiresInDays: z.int().min(1).max(KEY_DAYS_MAX).nullish(),
})

/**
 * Makes an operator API key; `key` is shown this once. Made by a key, it ends with that one at the latest.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function createApiKey(
  ctx: AccessContext,
  { actor, body }: { readonly actor: Actor; readonly body: unknown },
): Promise<ApiKeyView & { key: string }> {
  const input = parsedOrThrow(apiKeyCreation, body)
  const fleetId = input.fleet ?? null
  authorizeScope(actor, fleetId, 'admin')
  requireGrantable(actor, input.scopes ?? [])
  await requireFleet(ctx, fleetId)
  const credential = makeApiCredential()
  const nowMs = ctx.clock.now()
  const days = input.expiresInDays === undefined ? KEY_DAYS_DEFAULT : input.expiresInDays
  const view: ApiKeyView = {
    id: ctx.ids(),
    name: input.name,
    role: input.role,
    fleetId,
    scopes: input.scopes ?? [],
    createdAtMs: nowMs,
    expiresAtMs: noLaterThan(actor, days === null ? null : nowMs + days * DAY_MS),
    revokedAtMs: null,
    lastUsedMs: null,
    lastUsedAddress: null,
  }
  const { name, role, scopes, expiresAtMs } = view
  const details = {
    action: 'api-key.create',
    target: `api-key/${view.id}`,
    fleetId,
    after: { name, role, scopes, expiresAtMs },
  }
  await ctx.storage.access.createApiKey({ ...view, hash: credential.hash }, auditEntry(ctx, actor, details))
  return { ...view, key: credential.text }
}

/** A key makes none that outlives it: else the end that its owner gave it would be no end. */
function noLaterThan({ endsAtMs = null }: Actor, wantedMs: number | null): number | null {
  return endsAtMs !== null && (wantedMs === null || wantedMs > endsAtMs) ? endsAtMs : wantedMs
}

/** The keys of the fleets that this actor administers. */
export async function listApiKeys(
  ctx: AccessContext,
  { actor }: { readonly actor: Actor },
): Promise<readonly ApiKeyView[]> {
  if (strongestRole(actor) !== 'admin') throw new ApplicationError('forbidden')
  const keys = await ctx.storage.access.listApiKeys()
  return keys
    .filter((key) => isAtLeast(roleIn(actor, key.fleetId ?? EVERY_FLEET), 'admin'))
    .map(({ hash: _hash, ...view }) => view)
}
