import { z } from 'zod'
import { safeParse } from '#lib/protocol/safe-parse.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { AuthorityVerdict, IncomingPush, RecordState } from '#lib/engine/types.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { backendScope } from '../breakers/scopes.ts'
import type { Context } from '../context.ts'
import type { AuthorityOf } from '../sync/rules.ts'
import { authorityKey, signatureOf } from './authority-key.ts'

/** One call carries at most this many mutations, or this many bytes of them with their records. */
export const ASKED_TOGETHER_MAX = 100
export const ASKED_BYTES_MAX = 1024 * 1024
/** A push asks so many collections' authorities side by side, each a batch after the other, which may stand on each other. */
export const ASKED_AT_ONCE_MAX = 4
/** No call of a push begins that could end so long after its first, however often it is asked anew: a device waits for 20 s. */
export const ASKED_FOR_MAX_MS = 15_000
const NOT_ASKED_RETRY_MS = 1_000
const MESSAGE_SHOWN_MAX = 500

const answer = z.object({
  decisions: z
    .array(
      z.discriminatedUnion('decision', [
        z.object({ id: z.string(), decision: z.literal('accept') }),
        z.object({ id: z.string(), decision: z.literal('refuse'), message: z.string().optional() }),
      ]),
    )
    .max(ASKED_TOGETHER_MAX),
})

const NOT_ASKED_AGAIN: AuthorityVerdict = { kind: 'shed', retryAfterMs: NOT_ASKED_RETRY_MS }
const NOT_ASKED: AuthorityVerdict = { ...NOT_ASKED_AGAIN, outOfTime: true }

type Verdicts = Map<string, AuthorityVerdict>

interface Question {
  readonly mutation: Mutation
  readonly record: RecordState | null
  /** As it goes over the wire. */
  readonly text: string
}

/** How long a push may ask. */
export interface AskingTime {
  readonly endMs: number
  /** Its records changed: some of the time is gone, and the next push has all of it. */
  readonly isAgain: boolean
}

/** The whole time, or what is left of it for a push that has asked `before`. */
export const askingFrom = (nowMs: number, before: AskingTime | null = null): AskingTime => ({
  endMs: before?.endMs ?? nowMs + ASKED_FOR_MAX_MS,
  isAgain: before !== null,
})

/**
 * Asks the authority of each collection about a push's mutations, before any stream is locked (AU1). Each answer is
 * bound to the version of the record that it was given on. What had its effect is not asked about again (ID1), so that it takes
 * no time from the rest. What there was no time left to ask about is `shed`: the device sends it again, and what was
 * decided by then is out of the way. Of an atomic push nothing is (decide-group.ts), unless it had but the rest of its time.
 */
export async function askAuthority(
  ctx: Context,
  fleetId: string,
  push: IncomingPush,
  authorities: ReadonlyMap<string, AuthorityOf>,
  { endMs, isAgain }: AskingTime = askingFrom(ctx.clock.now()),
): Promise<ReadonlyMap<string, AuthorityVerdict>> {
  const sent = push.mutations
    .map(({ mutation }) => mutation)
    .filter(({ collection }) => authorities.has(collection) && !push.shed?.has(collection))
  const [records, done] = await Promise.all([
    readRecords(ctx, fleetId, sent),
    doneOf(ctx, fleetId, push, sent),
  ])
  const asked = sent.filter(({ id }) => !done.has(id))
  const verdicts: Verdicts = new Map()
  const waiting = authorities.entries()
  const askNext = async (): Promise<void> => {
    for (const [collection, authority] of waiting) {
      const questions = asked
        .filter((mutation) => mutation.collection === collection)
        .map((mutation) =>
          questionOf(mutation, records.get(recordKey(collection, mutation.recordId)) ?? null),
        )
      for (const batch of batches(questions)) {
        if (ctx.clock.now() + authority.timeoutMs <= endMs)
          await askBatch(ctx, { fleetId, push, authority, collection, batch }, verdicts)
        else
          for (const { mutation } of batch) verdicts.set(mutation.id, isAgain ? NOT_ASKED_AGAIN : NOT_ASKED)
      }
    }
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE_MAX }, askNext))
  return verdicts
}

/** Of these mutations those that had their effect; a replay runs again (ID3). */
async function doneOf(
  ctx: Context,
  fleetId: string,
  { replayOf }: IncomingPush,
  mutations: readonly Mutation[],
): Promise<ReadonlySet<string>> {
  const ids = replayOf === null ? mutations.map(({ id }) => id) : []
  if (ids.length === 0) return new Set()
  const known = await ctx.storage.sync.standingOf(fleetId, ids)
  return new Set(known.map(({ mutationId }) => mutationId))
}

async function readRecords(
  ctx: Context,
  fleetId: string,
  mutations: readonly Mutation[],
): Promise<ReadonlyMap<string, RecordState>> {
  const keys = new Map(
    mutations.map(({ collection, recordId }) => [recordKey(collection, recordId), { collection, recordId }]),
  )
  const records = await ctx.storage.sync.getRecords(fleetId, [...keys.values()])
  return new Map(records.map((record) => [recordKey(record.collection, record.recordId), record]))
}

function questionOf(mutation: Mutation, record: RecordState | null): Question {
  const { id, recordId, baseVersion, schemaVersion, madeAt, op } = mutation
  const shown = record && {
    version: record.version,
    deleted: record.deleted,
    data: record.data,
    schemaVersion: record.schemaVersion,
  }
  const text = JSON.stringify({ id, recordId, baseVersion, schemaVersion, madeAt, op, record: shown })
  return { mutation, record, text }
}

/** In order; one that is too large for a batch has one of its own. */
function batches(questions: readonly Question[]): readonly (readonly Question[])[] {
  const made: Question[][] = []
  let bytes = 0
  for (const question of questions) {
    const size = Buffer.byteLength(question.text)
    const last = made.at(-1)
    if (last && last.length < ASKED_TOGETHER_MAX && bytes + size <= ASKED_BYTES_MAX) {
      last.push(question)
      bytes += size
    } else {
      made.push([question])
      bytes = size
    }
  }
  return made
}

interface Batch {
  readonly fleetId: string
  readonly push: IncomingPush
  readonly authority: AuthorityOf
  readonly collection: string
  readonly batch: readonly Question[]
}

async function askBatch(ctx: Context, asked: Batch, verdicts: Verdicts): Promise<void> {
  const scope = backendScope(asked.fleetId, asked.collection)
  const guarded = await ctx.breakers.call(
    scope,
    () => callAuthority(ctx, asked),
    (called) => !called.ok,
  )
  for (const { mutation, record } of asked.batch) {
    verdicts.set(mutation.id, verdictFor(mutation, record, guarded))
  }
}

type Guarded =
  | { readonly kind: 'done'; readonly value: Result<Decisions, string> }
  | { readonly kind: 'open'; readonly refusal: { readonly retryAfterMs: number } }
type Decision = z.infer<typeof answer>['decisions'][number]
type Decisions = ReadonlyMap<string, Decision>

function verdictFor({ id }: Mutation, record: RecordState | null, guarded: Guarded): AuthorityVerdict {
  if (guarded.kind === 'open') return { kind: 'shed', retryAfterMs: guarded.refusal.retryAfterMs }
  const called = guarded.value
  if (!called.ok) return { kind: 'unavailable', detail: called.error }
  const recordVersion = record?.version ?? 0
  const decision = called.value.get(id)
  if (decision?.decision === 'accept') return { kind: 'accepted', recordVersion }
  const message = decision?.message?.slice(0, MESSAGE_SHOWN_MAX) ?? 'the authority gave no reason'
  return { kind: 'refused', recordVersion, message }
}

/** One signed request (docs/authority.md). */
async function callAuthority(ctx: Context, asked: Batch): Promise<Result<Decisions, string>> {
  const { fleetId, push, authority, collection, batch } = asked
  const head = JSON.stringify({
    fleet: fleetId,
    collection,
    device: push.device,
    replay: push.replayOf !== null,
  })
  const body = `${head.slice(0, -1)},"mutations":[${batch.map(({ text }) => text).join(',')}]}`
  const timestamp = String(ctx.clock.now())
  const key = authorityKey(ctx.secret, fleetId, authority)
  const called = await ctx.egress.postJson({
    url: authority.url,
    timeoutMs: authority.timeoutMs,
    headers: { 'tidemark-timestamp': timestamp, 'tidemark-signature': signatureOf(key, timestamp, body) },
    body,
  })
  if (!called.ok) return called
  if (called.value.status !== 200) return err(`the authority answered ${called.value.status}`)
  return readDecisions(called.value.body, batch)
}

function readDecisions(body: string, batch: readonly Question[]): Result<Decisions, string> {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    // The parser's message quotes the body, which may hold a record.
    return err('the authority answered something that is not JSON')
  }
  const parsed = safeParse(answer, json)
  if (!parsed.success) return err('the authority answered something that is not the contract')
  const decisions = new Map<string, Decision>()
  for (const decision of parsed.data.decisions) {
    const before = decisions.get(decision.id)
    if (before && before.decision !== decision.decision)
      return err('the authority both accepted and refused a mutation')
    decisions.set(decision.id, decision)
  }
  const missing = batch.find(({ mutation }) => !decisions.has(mutation.id))
  return missing ? err(`the authority said nothing of ${missing.mutation.id}`) : ok(decisions)
}
