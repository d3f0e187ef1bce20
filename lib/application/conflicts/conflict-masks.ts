import type { JsonObject } from '#lib/kernel/json.ts'
import { holdsMask } from '#lib/protocol/mask.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { ConflictRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { FieldMask } from '../dead-letters/field-mask.ts'
import { maskingsOf } from '../dead-letters/maskings.ts'
import { badRequest } from '../errors.ts'
import type { ConflictDetail } from './read-conflict.ts'

/** Hides the masked fields of one fleet's conflicts, as those of its letters are (DL20). */
export interface ConflictMasks {
  readonly conflict: (conflict: ConflictRow) => ConflictRow
  readonly detail: (detail: ConflictDetail) => ConflictDetail
  /** What a decision answers. */
  readonly result: (detail: ConflictDetail, result: MutationResult) => MutationResult
  /**
   * A document that a person wrote over the sides as they were shown: masks stand for what they hide.
   * @throws ApplicationError `bad_request` where one stands for nothing
   */
  readonly unmasked: (detail: ConflictDetail, data: JsonObject | null) => JsonObject | null
}

/** One query. */
export async function conflictMasks(
  ctx: Pick<Context, 'storage' | 'secret'>,
  fleetId: string,
): Promise<ConflictMasks> {
  const maskingOf = await maskingsOf(ctx, fleetId)
  const of = ({ id, collection }: ConflictRow): FieldMask =>
    new FieldMask(ctx.secret, `${fleetId}:${id}`, maskingOf(collection))
  const valuesOf = (mask: FieldMask, { conflict, record }: ConflictDetail) => {
    const sides = [conflict.base, conflict.local, conflict.remote, conflict.result, record?.data ?? null]
    return mask.values(null, ...sides.flatMap((data) => (data ? [{ type: 'put', data } as const] : [])))
  }
  const conflict = (row: ConflictRow): ConflictRow => {
    const mask = of(row)
    if (mask.isEmpty) return row
    const { base, local, remote, result } = row
    return {
      ...row,
      base: mask.document(base),
      local: mask.document(local),
      remote: mask.document(remote),
      result: mask.document(result),
    }
  }
  return {
    conflict,
    detail: (detail) => ({
      conflict: conflict(detail.conflict),
      record: of(detail.conflict).record(detail.record),
    }),
    result: (detail, result) => {
      const mask = of(detail.conflict)
      return mask.result(result, valuesOf(mask, detail).values())
    },
    unmasked: (detail, data) => {
      const mask = of(detail.conflict)
      if (data === null || mask.isEmpty) return data
      const put = { type: 'put', data } as const
      const meant = mask.unmasked(put, put, valuesOf(mask, detail))
      if (meant.type !== 'put' || holdsMask(meant.data))
        throw badRequest([{ path: '/data', message: MASK_LEFT }])
      return meant.data
    },
  }
}

const MASK_LEFT =
  'holds a mask that stands for nothing there: leave masked fields as they are, or write another value'
