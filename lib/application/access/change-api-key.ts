import { z } from 'zod'
import type { Actor } from '#lib/application/context.ts'
import { ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import { label } from '#lib/protocol/device.ts'
import type { ApiKey } from '#lib/storage/ports.ts'
import { removalInput } from '../removal-input.ts'
import type { ApiKeyView } from './api-keys.ts'
import { keyScopes, requireGrantable } from './api-keys.ts'
import { auditEntry } from './audit-entry.ts'
import { authorizeScope, canSee, EVERY_FLEET, ROLES } from './authorize.ts'
import type { AccessContext } from './context.ts'

export const apiKeyChange = z.strictObject({
  name: label(120).optional(),
  role: z.enum(ROLES).optional(),
  scopes: keyScopes.optional(),
})

interface KeyCall {
  readonly actor: Actor
  readonly id: string
  readonly body: unknown
}

/** PATCH /api-keys/:id. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function changeApiKey(ctx: AccessContext, call: KeyCall): Promise<ApiKeyView> {
  const { name, role, scopes } = parsedOrThrow(apiKeyChange, call.body)
  return save(ctx, call, 'api-key.change', null, (key) => {
    requireGrantable(
      call.actor,
      (scopes ?? []).filter((scope) => !key.scopes.includes(scope)),
    )
    return { ...key, name: name ?? key.name, role: role ?? key.role, scopes: scopes ?? key.scopes }
  })
}

/** DELETE /api-keys/:id: it opens nothing from now on. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function revokeApiKey(ctx: AccessContext, call: KeyCall): Promise<ApiKeyView> {
  const { reason } = parsedOrThrow(removalInput, call.body)
  return save(ctx, call, 'api-key.revoke', reason ?? null, (key) => ({
    ...key,
    revokedAtMs: key.revokedAtMs ?? ctx.clock.now(),
  }))
}

async function save(
  ctx: AccessContext,
  { actor, id }: KeyCall,
  action: string,
  reason: string | null,
  changed: (key: ApiKey) => ApiKey,
): Promise<ApiKeyView> {
  const shown = ({ name, role, scopes, revokedAtMs }: ApiKey) => ({ name, role, scopes, revokedAtMs })
  const saved = await ctx.storage.access.updateApiKey(id, (before) => {
    const { fleetId } = before
    if (!canSee(actor, fleetId ?? EVERY_FLEET)) throw new ApplicationError('not_found')
    authorizeScope(actor, fleetId, 'admin')
    const next = changed(before)
    const told = { target: `api-key/${id}`, fleetId, reason, before: shown(before), after: shown(next) }
    return { next, audit: auditEntry(ctx, actor, { action, ...told }) }
  })
  if (!saved) throw new ApplicationError('not_found')
  const { hash: _hash, ...view } = saved
  return view
}
