import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { planLoad } from '#lib/engine/load-plan.ts'
import { applyEffects, decidePush } from '#lib/engine/push.ts'
import type {
  BaseState,
  CollectionRules,
  IncomingPush,
  KnownConflict,
  KnownMutation,
  PushDecision,
  PushWorld,
  RecordState,
} from '#lib/engine/types.ts'
import { baseKey, recordKey } from '#lib/engine/types.ts'
import { NOW_MS, uuid } from './engine-world.ts'

/** A server as slow and plain as it can be: it keeps everything, and hands out only what a plan names. */
export class NaiveStore {
  readonly heads = new Map<string, number>()
  readonly records = new Map<string, RecordState>()
  readonly documents = new Map<string, BaseState>()
  readonly mutations = new Map<string, KnownMutation>()
  private readonly conflicts = new Map<string, KnownConflict>()
  private readonly rules: CollectionRules
  private ids = 0

  constructor(rules: CollectionRules) {
    this.rules = rules
  }

  /** One transaction: load for all, decide one after the other, write. */
  commit(group: readonly IncomingPush[]): PushDecision[] {
    let world = this.load(group)
    const decisions = group.map((push) => {
      const decision = decidePush(world, push, () => uuid('f', ++this.ids))
      world = applyEffects(world, decision)
      return decision
    })
    for (const [name, head] of world.heads) this.heads.set(name, head)
    for (const [key, record] of world.records) this.records.set(key, record)
    for (const [id, known] of world.mutations) this.mutations.set(id, known)
    for (const [id, known] of world.conflicts) this.conflicts.set(id, known)
    for (const { record } of decisions.flatMap(({ effects }) => effects)) {
      if (record) this.documents.set(baseKey(record.collection, record.recordId, record.version), record)
    }
    return decisions
  }

  private load(group: readonly IncomingPush[]): PushWorld {
    const plan = planLoad(group, () => this.rules)
    const ids = [...plan.mutationIds, ...[...this.conflicts.values()].flatMap(({ held }) => held)]
    for (const id of ids) {
      const parent = this.mutations.get(id)?.mutation.after
      if (parent !== undefined && !ids.includes(parent)) ids.push(parent)
    }
    const keys = plan.records.map(({ collection, recordId }) => recordKey(collection, recordId))
    const bases = plan.bases.map(({ collection, recordId, version }) =>
      baseKey(collection, recordId, version),
    )
    return {
      nowMs: NOW_MS,
      epoch: 1,
      collections: new Map([[this.rules.name, this.rules]]),
      heads: pick(this.heads, plan.streams),
      records: pick(this.records, keys),
      bases: pick(this.documents, bases),
      mutations: pick(this.mutations, ids),
      conflicts: new Map(this.conflicts),
      linked: new Map(),
      failedTries: new Map(),
      text: yjsText,
      ot: null,
      otLog: new Map(),
      unread: new Set(),
    }
  }
}

function pick<V>(from: ReadonlyMap<string, V>, keys: readonly string[]): Map<string, V> {
  return new Map(keys.filter((key) => from.has(key)).map((key) => [key, from.get(key) as V]))
}
