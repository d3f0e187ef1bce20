import { z } from 'zod'
import { findViolation } from '#lib/engine/business-rules.ts'
import { applyOperation } from '#lib/engine/patch.ts'
import { migrateDocument, migrateMutation } from '#lib/engine/schema-evolution/migrate.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { Collection, DeadLetterRow } from '#lib/storage/ports.ts'
import { asks, LETTERS_ALL } from '#lib/query/letter-fields.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { given, requireEvaluable, requirePublishable, rulesInput, schemaInput } from './collection-input.ts'

/** Of each kind the newest are judged, so many at most. */
export const CHECKED_MAX = 2_000
/** Read and judged at a time: between two slices others have their turn. */
const SLICE = 200
/** All kinds together; a check that takes longer ends early, and says of how many it tells. */
const CHECK_MS_MAX = 3_000
const REASONS_MAX = 10

export const publicationCheck = z.strictObject({
  /** Left out: as they are. */
  schema: schemaInput.optional(),
  ...rulesInput,
})

/** Why some are refused: the place and what is said of one of them, and how many are so but for the figures. */
export interface RefusalReason {
  readonly path: string
  readonly message: string
  readonly count: number
  readonly example: string
}
export interface CheckedKind {
  /** The newest so many were judged. */
  readonly checked: number
  readonly refused: number
  /** Most frequent first, at most 10. */
  readonly reasons: readonly RefusalReason[]
  /** There are older ones that were not judged. */
  readonly more: boolean
}
export interface PublicationCheck {
  /** That the publication would have. */
  readonly schemaVersion: number
  /** As they would be read and written from then on; a record that is refused takes no change that keeps what is wrong. */
  readonly records: CheckedKind
  /** Whole documents that devices sent: what an app that goes on as before would meet. */
  readonly changes: CheckedKind
  /** Open dead letters of the collection, run again; those that are not refused could be replayed. */
  readonly letters: CheckedKind
}

/**
 * POST /collections/:id/check: what a publication would refuse, told before it is done. Nothing is written.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `schema_refused`, `rules_refused`
 */
export async function checkPublication(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<PublicationCheck> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'admin')
  const change = given(parsedOrThrow(publicationCheck, input.body))
  const before = await ctx.storage.collections.get(fleetId, id)
  if (!before) throw new ApplicationError('not_found')
  const schema = change.schema ?? before.schema
  const isNewSchema = !jsonEqual(schema, before.schema)
  if (isNewSchema) requirePublishable(schema)
  const next = { ...before, ...change, schema, schemaVersion: before.schemaVersion + (isNewSchema ? 1 : 0) }
  requireEvaluable(next)
  const endMs = ctx.clock.now() + CHECK_MS_MAX
  const records = await judgeAll(ctx, endMs, recordsOf(ctx, next))
  const changes = await judgeAll(ctx, endMs, changesOf(ctx, next))
  const letters = await judgeAll(ctx, endMs, lettersOf(ctx, next))
  return { schemaVersion: next.schemaVersion, records, changes, letters }
}

type Refusal = { readonly path: string; readonly message: string }
/** One thing that was judged; null where it says nothing by itself. */
type Judged = { readonly id: string; readonly refusal: Refusal | null } | null

/** The next slice, newest first; empty at the end. */
type Slices = () => Promise<readonly Judged[]>

async function judgeAll(
  { clock }: Pick<Context, 'clock'>,
  endMs: number,
  slices: Slices,
): Promise<CheckedKind> {
  const reasons = new Map<string, RefusalReason>()
  let checked = 0
  let refused = 0
  let read = 0
  let more = true
  while (read < CHECKED_MAX && clock.now() < endMs) {
    const slice = await slices()
    read += slice.length
    for (const one of slice) {
      if (one === null) continue
      checked += 1
      if (one.refusal === null) continue
      refused += 1
      const { path, message } = one.refusal
      const key = JSON.stringify([path, message].map(alike))
      const known = reasons.get(key)
      reasons.set(
        key,
        known ? { ...known, count: known.count + 1 } : { path, message, count: 1, example: one.id },
      )
    }
    more = slice.length === SLICE
    if (!more) break
  }
  const frequent = [...reasons.values()].toSorted((a, b) => b.count - a.count)
  return { checked, refused, more, reasons: frequent.slice(0, REASONS_MAX) }
}

/** Of the same kind whatever the figures: places in a list and values that are too large are many. */
const alike = (text: string): string => text.replaceAll(/-?\d+(\.\d+)?/g, '#')

/** Each record as it would be after the up-migrations, and as if it were written again as it is. */
function recordsOf({ storage }: Pick<Context, 'storage'>, next: Collection): Slices {
  let below: number | null = null
  return async () => {
    const slice = await storage.samples.records(next.fleetId, next.name, below, SLICE)
    below = slice.at(-1)?.version ?? below
    return slice.map(({ recordId: id, data, schemaVersion, deviceId }) => {
      if (data === null) return null
      const today = migrateDocument(next, data, schemaVersion)
      if (!today.ok) return { id, refusal: { path: '', message: today.error } }
      return { id, refusal: refusalOf(next, { old: today.value, new: today.value }, deviceId) }
    })
  }
}

/** Documents that were sent whole; what a patch makes is judged with the records. */
function changesOf({ storage }: Pick<Context, 'storage'>, next: Collection): Slices {
  let below: number | null = null
  return async () => {
    const slice = await storage.samples.changes(next.fleetId, next.name, below, SLICE)
    below = slice.at(-1)?.version ?? below
    return slice.map(({ mutation, deviceId, appVersion }) => {
      if (mutation.op.type !== 'put') return null
      const { id } = mutation
      const today = migrateMutation(next, mutation)
      if (!today.ok) return { id, refusal: { path: '', message: today.error } }
      const { op } = today.value
      if (op.type !== 'put') return null
      const made = { old: mutation.baseVersion === 0 ? null : op.data, new: op.data }
      return { id, refusal: refusalOf(next, made, deviceId, appVersion) }
    })
  }
}

function lettersOf({ storage }: Pick<Context, 'storage'>, next: Collection): Slices {
  const conditions = [asks('status', 'open'), asks('collection', next.name)]
  const filter = { conditions, lookMax: LETTERS_ALL }
  let cursor: { atMs: number; id: string } | null = null
  let isEnd = false
  return async () => {
    if (isEnd) return []
    const page = await storage.deadLetters.list(next.fleetId, filter, { limit: SLICE, cursor })
    cursor = page.next
    isEnd = page.next === null
    return page.items.map((letter) => judgedLetter(next, letter))
  }
}

/**
 * By the letter's own copy of its base: newer changes of the record are the replay's to meet. One without it says
 * nothing, and so does a change that goes on from a CRDT or a text.
 */
function judgedLetter(next: Collection, letter: DeadLetterRow): Judged {
  const { id, mutation, base, deviceId, appVersion } = letter
  const refused = (path: string, message: string): Judged => ({ id, refusal: { path, message } })
  const migrated = migrateMutation(next, asOf(mutation, next))
  if (!migrated.ok) return refused('', migrated.error)
  const { op } = migrated.value
  if (op.type !== 'put' && base === null && mutation.baseVersion > 0) return null
  const wanted = applyOperation(base, op)
  if (!wanted.ok)
    return wanted.error.code === 'needs_state'
      ? null
      : refused(wanted.error.path, wanted.error.code.replaceAll('_', ' '))
  if (wanted.value === null) return { id, refusal: null }
  return { id, refusal: refusalOf(next, { old: base, new: wanted.value }, deviceId, appVersion) }
}

/** A letter of a version that is to come is of this one. */
const asOf = (mutation: Mutation, { schemaVersion }: Collection): Mutation =>
  mutation.schemaVersion > schemaVersion ? { ...mutation, schemaVersion } : mutation

function refusalOf(
  next: Collection,
  made: { readonly old: JsonObject | null; readonly new: JsonObject },
  deviceId: string,
  appVersion = '',
): Refusal | null {
  const check = validateDocument(next, made.new)
  if (!check.ok) return check.issues[0] ?? { path: '', message: 'is refused' }
  const device = { id: deviceId, platform: 'other' as const, appVersion }
  const violation = findViolation(next.rules, { ...made, device })
  return violation && { path: violation.ruleId, message: violation.detail }
}
