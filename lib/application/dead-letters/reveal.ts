import { z } from 'zod'
import type { Json } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { badRequest, parsedOrThrow } from '../errors.ts'
import { maskedPointers } from './get-dead-letter.ts'
import { letterMasks } from './letter-masks.ts'
import { readLetter } from './read-letter.ts'

export const revealInput = z.strictObject({ reason: z.string().trim().min(1).max(1_000) })

/** What stands in one masked field; left out where nothing does. */
export interface RevealedField {
  readonly pointer: string
  readonly base?: Json
  readonly device?: Json
  readonly server?: Json
}
export interface Revealed {
  readonly fields: readonly RevealedField[]
  /** What the device did, as today's schema would have it. */
  readonly op: Operation
  /** As it was refused, with the values that it repeats. */
  readonly detail: string
}

/**
 * Answers the masked values of one letter once; nothing remembers that they may be seen (DL21). The entry in the audit log,
 * with the fields and without their values, stands before anything is answered.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request` also where nothing is masked
 */
export async function reveal(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<Revealed> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { reason } = parsedOrThrow(revealInput, input.body)
  const read = await readLetter(ctx, fleetId, id)
  const { letter, op, device, server } = read
  const masks = await letterMasks(ctx, fleetId)
  const pointers = maskedPointers(read, masks.of(letter))
  if (pointers.length === 0)
    throw badRequest([{ path: '', message: 'nothing of this dead letter is masked' }])
  const after = { fields: [...pointers] }
  await ctx.storage.audit.append(
    auditEntry(ctx, actor, { action: 'dead-letter.reveal', target: id, fleetId, reason, after }),
  )
  const documents = { base: letter.base, device, server: server?.data ?? null }
  const fields = pointers
    .filter((pointer) => pointer !== '')
    .map((pointer): RevealedField => {
      const values = Object.entries(documents).flatMap(([name, document]): [string, Json][] => {
        const value = valueAt(document, pointer)
        return value === undefined ? [] : [[name, value]]
      })
      return { pointer, ...Object.fromEntries(values) }
    })
  return { fields, op, detail: letter.detail }
}
