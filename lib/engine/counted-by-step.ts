import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { CrdtChange, CrdtState, CrdtStates, Totals } from '#lib/protocol/crdt.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { asMadeToday } from './after-chain.ts'
import { CHAIN_MAX, findParent, isInDocument } from './chain-links.ts'
import { SERVER_ACTOR_ID } from './clock-offset.ts'
import { ownState } from './crdt/derive.ts'
import { totalOf } from './crdt/totals.ts'
import type { RecordQuestion } from './decide-record.ts'
import type { PushDraft } from './push-draft.ts'
import { documentAt, mutationOf } from './push-draft.ts'
import type { KnownMutation, RecordState } from './types.ts'

type CrdtOperation = Extract<Operation, { type: 'crdt' }>
type CounterChange = Extract<CrdtChange, { kind: 'g-counter' | 'pn-counter' }>

/** Totals up and down, by actor. */
interface Sides {
  readonly p: Totals
  readonly n: Totals
}

const NOTHING: Sides = { p: {}, n: {} }

/**
 * True for a replayed letter, and for what its device had made on one (CS4). The device counts on without a letter, so
 * that its next total is not above that of the letter: joined, the one would swallow the other.
 */
export function countsByStep(
  draft: PushDraft,
  { mutation, author, isReplay }: Pick<RecordQuestion, 'mutation' | 'author' | 'isReplay'>,
): boolean {
  if (isReplay) return true
  for (const { made } of ancestors(draft, mutation, author)) if (made.deadLetter === 'replayed') return true
  return false
}

/** Up the chain, as far as it is followed: each as its device made it, be it that an edited form took its place (AF4). */
function* ancestors(
  draft: PushDraft,
  mutation: Mutation,
  author: string,
): Generator<{ readonly made: KnownMutation; readonly standing: KnownMutation }> {
  let child = mutation
  for (let links = 0; child.after !== undefined && links < CHAIN_MAX; links++) {
    const standing = findParent(draft, child, author)
    if (!standing) return
    yield { made: mutationOf(draft, child.after) ?? standing, standing }
    child = standing.mutation
  }
}

/**
 * The changes with each counter's step on top of the server's own total, which no device counts on from. What the
 * step is tells the total that it was made on; where that is not known, the path is the error.
 */
export function asSteps(
  draft: PushDraft,
  { mutation, author }: Pick<RecordQuestion, 'mutation' | 'author'>,
  op: CrdtOperation,
  { current, states }: { readonly current: RecordState | null; readonly states: CrdtStates },
): Result<CrdtOperation, string> {
  const earlier = [...unseenCounts(draft, mutation, author)]
  const document = documentAt(draft, mutation)
  const changes: CrdtChange[] = []
  for (const change of op.changes) {
    if (!isCounter(change)) {
      changes.push(change)
      continue
    }
    const { path } = change
    const own = sidesOf(change)
    const now = sidesAt(states, path)
    const known = document.kind === 'known' ? sidesAt(document.crdt, path) : null
    const stood = known ?? (hasWrittenSince(current, mutation, author) ? null : now)
    const made = earlier.filter((one) => one.path === path).map(sidesOf)
    const stepped = { p: {}, n: {} } as { p: Totals; n: Totals }
    for (const side of ['p', 'n'] as const) {
      const total = totalOf(own[side], author)
      if (total === 0) continue
      const before = [...(stood ? [stood] : []), ...made].map((sides) => totalOf(sides[side], author))
      // Totals only grow: a later one of the chain tells as much as the document before it.
      if (stood === null && !before.some((each) => each > 0)) return err(path)
      const step = Math.max(0, total - Math.max(0, ...before))
      if (step > 0) stepped[side] = { [SERVER_ACTOR_ID]: totalOf(now[side], SERVER_ACTOR_ID) + step }
    }
    changes.push(
      change.kind === 'g-counter' ? { ...change, state: stepped.p } : { ...change, state: stepped },
    )
  }
  return ok({ ...op, changes })
}

/** What the chain before it had counted that its document has not. */
function* unseenCounts(draft: PushDraft, mutation: Mutation, author: string): Generator<CounterChange> {
  for (const { made, standing } of ancestors(draft, mutation, author)) {
    if (isInDocument(standing.result, mutation.baseVersion)) return
    const { op } = asMadeToday(draft, made.mutation)
    if (op.type === 'crdt') yield* op.changes.filter(isCounter)
  }
}

const hasWrittenSince = (current: RecordState | null, { baseVersion }: Mutation, author: string): boolean =>
  (current?.versionVector[author] ?? 0) > baseVersion

const isCounter = (change: CrdtChange): change is CounterChange =>
  change.kind === 'g-counter' || change.kind === 'pn-counter'

export const isCounterState = ({ kind }: CrdtState): boolean => kind === 'g-counter' || kind === 'pn-counter'

function sidesAt(states: CrdtStates, path: string): Sides {
  const state = ownState(states, path)
  return state?.kind === 'g-counter' || state?.kind === 'pn-counter' ? sidesOf(state) : NOTHING
}

const sidesOf = (counter: CounterChange | Extract<CrdtState, { kind: 'g-counter' | 'pn-counter' }>): Sides =>
  counter.kind === 'g-counter'
    ? { p: counter.state, n: {} }
    : { p: counter.state.p ?? {}, n: counter.state.n ?? {} }
