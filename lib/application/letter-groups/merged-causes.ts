import type { GroupFace } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { letterMasks } from '../dead-letters/letter-masks.ts'
import { maskedDetail } from './mask-groups.ts'

/** A group that was merged into another, as it says its own cause; `face` is null where no letter of it is left. */
export interface MergedCause {
  readonly id: string
  readonly title: string | null
  readonly face: Pick<GroupFace, 'code' | 'collection' | 'place' | 'detail'> | null
}

/** What each of the groups that are merged into one is about, in the order of `ids`; masked values stay masked (DL20). */
export async function mergedCauses(
  ctx: Pick<Context, 'storage' | 'secret'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly ids: readonly string[] },
): Promise<readonly MergedCause[]> {
  const { actor, fleetId, ids } = input
  authorize(actor, fleetId, 'viewer')
  if (ids.length === 0) return []
  const { letterGroups } = ctx.storage
  const [newest, rows, masks] = await Promise.all([
    letterGroups.newestOf(fleetId, ids),
    letterGroups.rows(fleetId),
    letterMasks(ctx, fleetId),
  ])
  const faces = await Promise.all(
    newest.map(async (face) => ({ ...face, detail: await maskedDetail(ctx, fleetId, face, masks) })),
  )
  return ids.map((id) => ({
    id,
    title: rows.find((row) => row.id === id)?.title ?? null,
    face: faces.find((face) => face.id === id) ?? null,
  }))
}
