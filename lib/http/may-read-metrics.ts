import { bearerOf } from '#lib/application/access/credentials.ts'
import { principalOfKey } from '#lib/application/access/principal.ts'
import { noteDenial } from '#lib/application/audit/denials.ts'
import type { Context } from '#lib/application/context.ts'
import { addressIn } from './address-in.ts'

const METRICS_SCOPE = 'metrics'

/** Who may read /metrics: a bearer key with scope `metrics`, or everyone when the operator says so. */
export const mayReadMetrics =
  (ctx: Context, isPublic: boolean) =>
  async ({ headers }: Request): Promise<boolean> => {
    if (isPublic) return true
    const key = bearerOf(headers)
    const principal = key === null ? null : await principalOfKey(ctx, key, addressIn(headers))
    if (principal?.scopes.includes(METRICS_SCOPE)) return true
    noteDenial(ctx, {
      actor: principal?.actor ?? null,
      action: 'GET /metrics',
      code: 'unauthorized',
      fleetId: null,
      address: addressIn(headers),
    })
    return false
  }
