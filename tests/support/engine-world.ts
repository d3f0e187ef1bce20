import { formatHlc } from '#lib/kernel/hlc.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { otLibrary } from '#lib/engine/ot/ot-library.ts'
import { startDraft } from '#lib/engine/push-draft.ts'
import { applyEffects, decidePush } from '#lib/engine/push.ts'
import type {
  CollectionRules,
  IncomingMutation,
  IncomingPush,
  PushDecision,
  PushWorld,
  RecordState,
} from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'

/** A fixed moment; nothing in the engine's tests reads a clock. */
export const NOW_MS = 1_700_000_000_000
export const COLLECTION = 'reports'

/** UUIDs that read as what they are: `uuid('a', 3)`. */
export const uuid = (kind: string, n: number): string =>
  `${kind.padEnd(8, '0')}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
export const DEVICE_A = uuid('a', 1)
export const DEVICE_B = uuid('b', 1)
export const DEVICE_C = uuid('c', 1)
export const RECORD = uuid('e', 1)

export const stamp = (deviceId: string, offsetMs = 0, counter = 0): string =>
  formatHlc({ wallMs: NOW_MS + offsetMs, counter, deviceId })

export const rulesOf = (changes: Partial<CollectionRules> = {}): CollectionRules => ({
  name: COLLECTION,
  strategy: 'lww',
  fieldStrategies: {},
  tieRule: 'lww',
  schema: true,
  schemaVersion: 1,
  rules: [],
  upMigrations: [],
  hasAuthority: false,
  ...changes,
})

export const emptyWorld = (rules: CollectionRules = rulesOf()): PushWorld => ({
  nowMs: NOW_MS,
  epoch: 1,
  collections: new Map([[rules.name, rules]]),
  heads: new Map(),
  records: new Map(),
  bases: new Map(),
  mutations: new Map(),
  conflicts: new Map(),
  linked: new Map(),
  failedTries: new Map(),
  ot: otLibrary,
  otLog: new Map(),
  unread: new Set(),
  text: yjsText,
})

let nextId = 0
export const newId = (): string => uuid('f', ++nextId)

export const put = (data: JsonObject): Operation => ({ type: 'put', data })
export const patch = (set: JsonObject, unset: readonly string[] = []): Operation => ({
  type: 'patch',
  set,
  unset,
})
export const remove: Operation = { type: 'delete' }

/** One mutation by a device; the stamp's offset orders it against others. */
export function mutationBy(
  deviceId: string,
  op: Operation,
  changes: Partial<Mutation> & { readonly atMs?: number } = {},
): Mutation {
  const { atMs = 0, ...rest } = changes
  return {
    id: newId(),
    collection: COLLECTION,
    recordId: RECORD,
    baseVersion: 0,
    schemaVersion: 1,
    hlc: stamp(deviceId, atMs),
    madeAt: '2023-11-14T22:13:20.000Z',
    op,
    ...rest,
  }
}

export const incomingOf = (mutation: Mutation): IncomingMutation => ({
  mutation,
  text: null,
  bytes: JSON.stringify(mutation).length,
  unknownField: null,
})

export const pushOf = (
  deviceId: string,
  mutations: readonly Mutation[],
  changes: Partial<IncomingPush> = {},
): IncomingPush => ({
  deviceId,
  requestId: newId(),
  sessionId: null,
  atomic: false,
  mutations: mutations.map(incomingOf),
  byDesk: false,
  device: { id: deviceId, platform: 'ios', appVersion: '1.0.0' },
  verdicts: new Map(),
  replayOf: null,
  editOf: null,
  ...changes,
})

/** A server in memory: pushes one after the other, each on the world that the ones before left. */
export class EngineWorld {
  world: PushWorld
  last: PushDecision

  constructor(rules: CollectionRules = rulesOf()) {
    this.world = emptyWorld(rules)
    this.last = { kind: 'committed', results: [], effects: [], draft: startDraft(this.world) }
  }

  push(
    deviceId: string,
    mutations: readonly Mutation[],
    changes: Partial<IncomingPush> = {},
  ): readonly MutationResult[] {
    return this.take(pushOf(deviceId, mutations, changes))
  }

  take(push: IncomingPush): readonly MutationResult[] {
    this.last = decidePush(this.world, push, newId)
    this.world = applyEffects(this.world, this.last)
    return this.last.results
  }

  /** One mutation of a device and its result. */
  send(deviceId: string, op: Operation, changes: Parameters<typeof mutationBy>[2] = {}): MutationResult {
    return this.push(deviceId, [mutationBy(deviceId, op, changes)])[0] as MutationResult
  }

  get record(): RecordState | undefined {
    return this.world.records.get(recordKey(COLLECTION, RECORD))
  }

  /** The record's document as text that doesn't hang on key order. */
  get text(): string {
    return canonicalJson(this.record?.data ?? null)
  }
}
