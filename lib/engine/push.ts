import { assert } from '#lib/kernel/result.ts'
import type { EffectiveResult, MutationResult, Resolution } from '#lib/protocol/push.ts'
import { chainBase } from './after-chain.ts'
import { unknownDevice } from './business-rules.ts'
import type { Gate } from './check-mutation.ts'
import { authorOf, checkMutation, checkPlace } from './check-mutation.ts'
import type { Objection } from './check-outcome.ts'
import { checkOutcome } from './check-outcome.ts'
import { serverHlcAt } from './clock-offset.ts'
import { closureOf, decideDeclined, decideLater } from './close-conflict.ts'
import type { RecordDecision } from './decide-record.ts'
import { decideRecord } from './decide-record.ts'
import { decideCrdtRecord } from './decide-crdt-record.ts'
import { decideOtRecord } from './decide-ot-record.ts'
import { onTodaysRecord } from './edited-letter.ts'
import { conflictOver, effectOf } from './effect.ts'
import { otOpsOf, toldOf } from './ot-outcome.ts'
import { isSpent } from './push-work.ts'
import { usesOt } from './ot/paths.ts'
import { isCrdtMatter } from './is-crdt-matter.ts'
import { isCulprit } from './is-culprit.ts'
import { nextRecord } from './next-record.ts'
import type { PushBytes } from './push-bytes.ts'
import { addBytes, isFull, noBytes, pushFull } from './push-bytes.ts'
import type { PushDraft } from './push-draft.ts'
import {
  absorb,
  conflictOf,
  mutationOf,
  recordOf,
  settle,
  standingRecord,
  whyStuck,
  startDraft,
} from './push-draft.ts'
import { whyTooLarge } from './record-bytes.ts'
import { migrateMutation } from './schema-evolution/migrate.ts'
import type {
  BaseDocument,
  ChangeEffect,
  CollectionRules,
  DeadLetterEffect,
  IncomingMutation,
  IncomingPush,
  PushDecision,
  PushWorld,
} from './types.ts'
import { toWireRecord } from './wire-record.ts'

/** Makes the ids of conflicts and dead letters; the only thing about a decision that isn't decided. */
export type NewId = () => string

/**
 * Decides a push over everything that was loaded under its streams' locks: one result a mutation,
 * in order, each seeing what those before it did. Never throws on any JSON. An atomic push with a culprit has no effect.
 */
export function decidePush(world: PushWorld, push: IncomingPush, ids: NewId): PushDecision {
  const draft = startDraft(world, push.linkedIds)
  const withoutEffect = new Map<string, MutationResult>()
  const results: MutationResult[] = []
  const effects: ChangeEffect[] = []
  const bytes = noBytes()
  let isOver = false
  for (const incoming of onTodaysRecord(draft, push)) {
    // A person decides on the record as it is, which needs nothing of what is long.
    const isUnread = !push.byDesk && world.unread.has(incoming.mutation.id)
    isOver ||= isUnread || isFull(bytes) || isSpent(draft.work)
    const outcome = isOver
      ? pushFull(incoming.mutation.id)
      : decideMutation({ draft, push, incoming, ids }, withoutEffect)
    addBytes(bytes, outcome)
    if ('incoming' in outcome) {
      absorb(draft, outcome)
      const released = releaseHeld({ draft, push, ids }, outcome, withoutEffect, bytes)
      effects.push(outcome, ...released)
      results.push(outcome.result)
    } else {
      if (outcome.status !== 'duplicate') withoutEffect.set(incoming.mutation.id, outcome)
      results.push(outcome)
    }
  }
  if (!push.atomic || !results.some(isCulprit)) return { kind: 'committed', results, effects, draft }
  const wouldBe = results.map((result): MutationResult =>
    isCulprit(result) ? result : { id: result.id, status: 'not_applied' },
  )
  return { kind: 'aborted', results: wouldBe, effects: [] }
}

/** The world after a push's effects, for the pushes that are committed with it. */
export const applyEffects = (world: PushWorld, decision: PushDecision): PushWorld =>
  decision.kind === 'committed' ? settle(decision.draft) : world

interface Question {
  readonly draft: PushDraft
  readonly push: IncomingPush
  readonly incoming: IncomingMutation
  readonly ids: NewId
}

/** An effect, or the result of a mutation that has none. */
function decideMutation(
  question: Question,
  withoutEffect: ReadonlyMap<string, MutationResult>,
): ChangeEffect | MutationResult {
  const { draft, push, incoming } = question
  const gate = checkMutation(draft, push, incoming, withoutEffect)
  if (gate.kind !== 'go') return turnedAway(question, gate)
  const effect = decideThrough(question, gate)
  if (!('incoming' in effect)) return effect
  return gate.decides ? { ...effect, closes: closureOf(draft, effect) } : effect
}

/** What waited behind a conflict runs when a person has closed it, in the order of arrival (AF1). */
function releaseHeld(
  { draft, push, ids }: Omit<Question, 'incoming'>,
  cause: ChangeEffect,
  withoutEffect: ReadonlyMap<string, MutationResult>,
  bytes: PushBytes,
): readonly ChangeEffect[] {
  if (!cause.closes) return NOTHING_HELD
  const heldBy = ({ closes }: ChangeEffect): readonly string[] =>
    closes ? (conflictOf(draft, closes.conflictId)?.held ?? []) : []
  const released: ChangeEffect[] = []
  const waiting = [...heldBy(cause)]
  for (const id of waiting) {
    const known = mutationOf(draft, id)
    if (known?.result.status !== 'conflict') continue
    const { mutation, deviceId, result } = known
    // Its size and its fields were checked when it came.
    const incoming = { mutation, text: null, bytes: 0, unknownField: null }
    const isOwn = deviceId === push.deviceId
    const device = isOwn ? push.device : unknownDevice(deviceId)
    const linkedIds = isOwn ? draft.linkedIds : (draft.world.linked.get(deviceId) ?? [])
    const own = { ...push, deviceId, device, sessionId: null, byDesk: false, replayOf: null, editOf: null }
    const question = { draft: { ...draft, linkedIds }, push: own, incoming, ids }
    const gate = checkPlace(question.draft, incoming, deviceId, withoutEffect)
    const decided =
      gate.kind !== 'go'
        ? turnedAway(question, gate)
        : isSpent(draft.work) || isFull(bytes)
          ? pushFull(id)
          : decideThrough(question, gate)
    const effect = 'incoming' in decided ? decided : withoutVerdict(question, decided)
    const closes = gate.kind === 'go' && gate.decides ? closureOf(draft, effect) : null
    const final = { ...effect, closes, releasedBy: result.conflictId }
    absorb(draft, final)
    addBytes(bytes, final)
    released.push(final)
    waiting.push(...heldBy(final))
  }
  return released
}

const NOTHING_HELD: readonly ChangeEffect[] = []

/** The effect of a mutation that nothing kept from its record, or that it has to be sent again. */
function decideThrough(
  question: Question,
  gate: Extract<Gate, { kind: 'go' }>,
): ChangeEffect | MutationResult {
  const { draft, push, incoming } = question
  const { rules, author, parentKnown, decides } = gate
  const migrated = migrateMutation(rules, incoming.mutation, draft.work)
  if (!migrated.ok) return unwritable(question, author, { code: 'schema_mismatch', detail: migrated.error })
  const stuck = whyStuck(draft, incoming.mutation)
  if (stuck !== null) return unwritable(question, author, { code: 'schema_mismatch', detail: stuck })
  const decide = isCrdtMatter(rules, incoming.mutation)
    ? decideCrdtRecord
    : usesOt(rules)
      ? decideOtRecord
      : decideRecord
  const decision = decide(draft, {
    mutation: migrated.value,
    rules,
    author,
    parentKnown,
    isReplay: push.replayOf !== null,
    byPerson: decides || push.byDesk,
  })
  if (decision.kind === 'unfit') {
    return deadLetter(question, {
      code: decision.code,
      detail: decision.detail,
      path: decision.path,
      base: decision.base,
    })
  }
  const { data, crdt } = decision
  const tooLarge = data ? whyTooLarge(recordOf(draft, incoming.mutation), { data, crdt }) : null
  if (tooLarge !== null) return unwritable(question, author, { code: 'too_large', detail: tooLarge })
  const objection = data === undefined ? null : checkOutcome(draft, push, rules, incoming.mutation, data)
  if (objection?.kind === 'dead') return unwritable(question, author, objection)
  if (objection) return waiting(incoming.mutation.id, objection)
  if (decision.kind === 'settled') return settled(question, rules, decision)
  const record = nextRecord(question, rules, decision, decision.ot)
  const { id } = incoming.mutation
  const applied = { id, status: 'applied', version: record.version } as const
  const told = decision.ot ? { ...applied, ...toldOf(decision.ot) } : applied
  const result = decision.joined ? { ...told, record: toWireRecord(record) } : told
  const replaced = recordOf(draft, incoming.mutation)
  return effectOf(question, result, { record, replaced, otOps: otOpsOf(record, id, decision.ot) })
}

function turnedAway(question: Question, gate: Exclude<Gate, { kind: 'go' }>): ChangeEffect | MutationResult {
  const { draft, incoming } = question
  const { id, after } = incoming.mutation
  switch (gate.kind) {
    case 'refused':
      return {
        id,
        status: 'refused',
        code: gate.code,
        detail: gate.detail,
        serverHlc: serverHlcAt(draft.world.nowMs),
      }
    case 'duplicate': {
      const { kind: status, ...repeat } = gate
      return { id, status, ...repeat }
    }
    case 'waits':
      if (gate.status === 'shed') return { id, status: 'shed', retryAfterMs: gate.retryAfterMs }
      return { id, status: 'retry', code: 'parent_retry', retryAfterMs: gate.retryAfterMs }
    case 'held': {
      return effectOf(question, inConflict(question, gate.conflictId), { heldBy: gate.conflictId })
    }
    case 'declined':
      return declined(question)
    case 'dead': {
      const base = chainBase(draft, incoming.mutation, authorOf(question.push, incoming)).document
      const parent = gate.code === 'parent_dead_lettered' ? (after ?? null) : null
      return deadLetter(question, { code: gate.code, detail: gate.detail, path: null, base }, parent)
    }
  }
}

/** Waits for a person, with what stands at the server meanwhile. */
function inConflict({ draft, incoming }: Question, conflictId: string): EffectiveResult {
  const record = recordOf(draft, incoming.mutation)
  return { id: incoming.mutation.id, status: 'conflict', record: record && toWireRecord(record), conflictId }
}

/** A decision that came too late, or what stood on the side that a person did not keep; it can be restored. */
function declined(question: Question): ChangeEffect {
  const { draft, incoming, ids } = question
  const { id } = incoming.mutation
  const conflict = decideDeclined(draft, incoming.mutation, authorOf(question.push, incoming), ids())
  const record = recordOf(draft, incoming.mutation)
  assert(record, 'a decision leaves a record behind, if only a deleted one')
  const { resolution } = conflict
  const result = {
    id,
    status: 'superseded',
    record: toWireRecord(record),
    conflictId: conflict.id,
    resolution,
  } as const
  return effectOf(question, result, { conflict })
}

/**
 * What waited behind a conflict has left its device, which can't send it again. Where its authority says nothing now, that
 * is no fault of it (DL4): it is a conflict of its own, and whoever decides that asks the authority.
 */
function withoutVerdict(question: Question, result: MutationResult): ChangeEffect {
  if (result.status !== 'retry' && result.status !== 'shed') return declined(question)
  const { draft, push, incoming, ids } = question
  const conflict = decideLater(draft, incoming.mutation, authorOf(push, incoming), ids())
  return effectOf(question, inConflict(question, conflict.id), { conflict })
}

function waiting(id: string, objection: Exclude<Objection, { kind: 'dead' }>): MutationResult {
  const { retryAfterMs } = objection
  if (objection.kind === 'shed') return { id, status: 'shed', retryAfterMs }
  return { id, status: 'retry', code: objection.code, retryAfterMs }
}

/** A dead letter whose fault is in no single place of its document; a broken rule is named by its id. */
function unwritable(
  question: Question,
  author: string,
  {
    code,
    detail,
    path = null,
  }: Pick<DeadLetterEffect, 'code' | 'detail'> & { readonly path?: string | null },
): ChangeEffect {
  const base = chainBase(question.draft, question.incoming.mutation, author).document
  return deadLetter(question, { code, detail, path, base })
}

/** A replay that fails again keeps its letter (ID3), and so does one that had to wait for a person first (AF3). */
function deadLetter(
  question: Question,
  why: Pick<DeadLetterEffect, 'code' | 'detail' | 'path'> & { readonly base: BaseDocument },
  parentMutationId: string | null = null,
): ChangeEffect {
  const { draft, push, incoming, ids } = question
  const { code, detail, path } = why
  const id = push.replayOf ?? mutationOf(draft, incoming.mutation.id)?.letterId ?? ids()
  const base = why.base.kind === 'known' ? why.base.data : null
  const result = {
    id: incoming.mutation.id,
    status: 'dead_lettered',
    deadLetterId: id,
    code,
    detail,
    // A broken rule's id is no place in the document.
    ...(path?.startsWith('/') ? { path } : {}),
  } as const
  return effectOf(question, result, { deadLetter: { id, code, detail, path, base, parentMutationId } })
}

/** A concurrent mutation with its conflict row (CS7): who lost what. */
function settled(
  question: Question,
  rules: CollectionRules,
  outcome: Extract<RecordDecision, { kind: 'settled' }>,
): ChangeEffect {
  const { draft, incoming, ids } = question
  const { decision, base, local, data, ot } = outcome
  const { id } = incoming.mutation
  const current = recordOf(draft, incoming.mutation)
  const conflictId = ids()
  const standing = standingRecord(draft, incoming.mutation)
  const remote = standing?.data ?? null
  const { schemaVersion } = rules
  const remoteVersion = standing?.version ?? 0
  const { fields } = decision
  const remoteStamps = standing?.stamps
  const sides = { id: conflictId, base, local, remote, remoteVersion, remoteStamps, fields, schemaVersion }
  if (decision.kind === 'person') {
    const { strategy } = decision
    const conflict = conflictOver(sides, { strategy, outcome: 'manual', resolution: null }, null)
    return effectOf(question, inConflict(question, conflictId), { conflict })
  }
  const { strategy } = rules
  const resolution: Resolution = { strategy, outcome: decision.kind, fields: decision.fields }
  const settlement = { strategy, outcome: decision.kind, resolution } as const
  assert(current, 'only a record that is there can be concurrent')
  if (data === undefined) {
    const result: MutationResult & { status: 'superseded' } = {
      id,
      status: 'superseded',
      record: toWireRecord(current),
      conflictId,
      resolution,
    }
    const conflict = conflictOver(sides, settlement, remote)
    return effectOf(question, result, { conflict })
  }
  const record = nextRecord(question, rules, { ...outcome, data }, ot)
  const result: MutationResult & { status: 'merged' } = {
    id,
    status: 'merged',
    version: record.version,
    record: toWireRecord(record),
    conflictId,
    resolution,
  }
  return effectOf(question, result, {
    record,
    replaced: current,
    conflict: conflictOver(sides, settlement, data),
    otOps: otOpsOf(record, id, ot),
  })
}
