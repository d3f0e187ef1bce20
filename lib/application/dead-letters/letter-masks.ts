import type { SchemaIssue } from '#lib/engine/types.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import { PAYLOAD_UNREAD } from '#lib/query/letter-fields.ts'
import type { ChangeRow, DeadLetterRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { FieldMask } from './field-mask.ts'
import { maskingsOf, type MaskedFields } from './maskings.ts'

/** Hides the masked fields of one fleet's letters (DL20). Whoever may see them asks for it by `reveal`. */
export interface LetterMasks {
  /** A letter as lists, files and answers show it. */
  readonly letter: (letter: DeadLetterRow) => DeadLetterRow
  /** Whether a collection of that name has masked fields. */
  readonly isMasked: (collection: string) => boolean
  /** What hides the fields of one letter in whatever is shown beside it. */
  readonly of: (letter: DeadLetterRow) => LetterMask
  /** A change of the log, which holds what a letter holds. */
  readonly change: (change: ChangeRow) => ChangeRow
}

/** One query. */
export async function letterMasks(
  ctx: Pick<Context, 'storage' | 'secret'>,
  fleetId: string,
): Promise<LetterMasks> {
  const maskingOf = await maskingsOf(ctx, fleetId)
  const of = (letter: DeadLetterRow): LetterMask =>
    new LetterMask(ctx.secret, letter, maskingOf(letter.mutation.collection))
  return {
    of,
    letter: (letter) => of(letter).letter(),
    isMasked: (name) => maskingOf(name).masked.length > 0,
    change: (change) => {
      const { mutation, result } = change
      const mask = new FieldMask(ctx.secret, `${fleetId}:${mutation.id}`, maskingOf(mutation.collection))
      if (mask.isEmpty) return change
      const shown = mask.result(result, mask.values(null, mutation.op).values()) as typeof result
      return { ...change, mutation: { ...mutation, op: mask.op(mutation.op) }, result: shown }
    },
  }
}

/** The masks of one letter. */
export class LetterMask {
  private readonly row: DeadLetterRow
  private readonly fields: FieldMask
  /** Of the letter's own copies, by mask. */
  private own: ReadonlyMap<string, Json> | null = null

  constructor(secret: Uint8Array, row: DeadLetterRow, masking: MaskedFields) {
    this.row = row
    this.fields = new FieldMask(secret, `${row.fleetId}:${row.id}`, masking)
  }

  get isEmpty(): boolean {
    return this.fields.isEmpty
  }

  letter(): DeadLetterRow {
    const { row } = this
    if (this.isEmpty) return row
    const { mutation, base, detail, said, lastReplay } = row
    return {
      ...row,
      mutation: { ...mutation, op: this.op(mutation.op) },
      base: this.document(base),
      detail: this.said(detail),
      said: this.said(said),
      lastReplay: lastReplay && { ...lastReplay, detail: lastReplay.detail && this.text(lastReplay.detail) },
    }
  }

  readonly document: FieldMask['document'] = (document) => this.fields.document(document)
  readonly op: FieldMask['op'] = (op) => this.fields.op(op)
  readonly misstep: FieldMask['misstep'] = (steps) => this.fields.misstep(steps)
  readonly places: FieldMask['places'] = (document) => this.fields.places(document)
  readonly record: FieldMask['record'] = (record) => this.fields.record(record)

  result(result: MutationResult): MutationResult {
    return this.fields.result(result, this.ownValues().values())
  }

  issues(issues: readonly SchemaIssue[], document: JsonObject | null): readonly SchemaIssue[] {
    if (this.isEmpty) return issues
    const values = [...this.ownValues().values(), ...this.places(document).map(({ value }) => value)]
    return issues.map((issue) => ({ ...issue, message: this.fields.words(issue.message, values) }))
  }

  /** What the engine, a rule or an authority said, without the values that it repeats. */
  text(text: string): string {
    return this.fields.words(text, this.ownValues().values())
  }

  /** Why the letter died. */
  said(text: string): string {
    return PAYLOAD_UNREAD.includes(this.row.code) ? text : this.text(text)
  }

  /** An operation that a person wrote over `original` as it was shown: masks in masked fields stand for what they hide. */
  unmasked(op: Operation, original: Operation): Operation {
    if (this.isEmpty) return op
    const { base, mutation } = this.row
    return this.fields.unmasked(op, original, this.fields.values(base, mutation.op, original))
  }

  private ownValues(): ReadonlyMap<string, Json> {
    const { base, mutation } = this.row
    return (this.own ??= this.fields.values(base, mutation.op))
  }
}
