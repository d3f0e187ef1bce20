import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { defineKey } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { changedPlaces } from '../conflict/field-stamps.ts'
import { applyEffects, decidePush } from '../push.ts'
import type { CollectionRules, PushDecision, PushWorld, RecordState } from '../types.ts'
import { recordKey } from '../types.ts'
import type { LabSettings } from './lab-report.ts'
import type { LabStamps, RecordedConflict } from './recorded-conflict.ts'

/** What merges by its state: the engine's libraries for it. */
export type JoiningEngines = Pick<PushWorld, 'text' | 'ot'>

export type Joined =
  | { readonly kind: 'person'; readonly fields: readonly string[] }
  /** `joined` are the places whose state took in what both did. */
  | { readonly kind: 'settled'; readonly data: JsonObject | null; readonly joined: ReadonlySet<string> }
  | { readonly kind: 'unfit' }

const RECORD = '00000000-0000-4000-8000-000000000001'
const FIRST = '00000000-0000-4000-8000-00000000000a'
const LONG_BEFORE = `000000000000-0000-${FIRST}`
/** Behind whatever a stamp says. */
const NOW_MS = 2 ** 48 - 1

/** Whether a collection with these settings keeps states that merge by themselves. */
export const isJoining = ({ strategy, fieldStrategies }: LabSettings): boolean =>
  [strategy, ...Object.values(fieldStrategies)].some((name) => name === 'crdt' || name === 'ot')

/**
 * [LB1] A conflict under strategies that merge by a state: the base is written, then what the other side made of it, then the device's
 * side, each by a push of its own through the whole engine. The base must be known.
 */
export function decideJoined(
  { base, local, remote }: Pick<RecordedConflict, 'base' | 'local' | 'remote'>,
  settings: LabSettings,
  {
    stamps,
    devices,
    rules,
    engines,
  }: {
    readonly stamps: Pick<LabStamps, 'local' | 'remote'>
    readonly devices: { readonly local: string; readonly remote: string }
    readonly rules: CollectionRules
    readonly engines: JoiningEngines
  },
): Joined {
  const collection = rules.name
  let world: PushWorld = {
    nowMs: NOW_MS,
    epoch: 1,
    collections: new Map([[collection, { ...rules, ...settings, rules: [], hasAuthority: false }]]),
    heads: new Map(),
    records: new Map(),
    bases: new Map(),
    mutations: new Map(),
    conflicts: new Map(),
    linked: new Map(),
    failedTries: new Map(),
    otLog: new Map(),
    unread: new Set(),
    ...engines,
  }
  const write = (op: Operation, { n, hlc, deviceId, baseVersion }: Writer): PushDecision => {
    const id = `00000000-0000-4000-8000-00000000000${n}`
    const mutation: Mutation = {
      id,
      collection,
      recordId: RECORD,
      op,
      baseVersion,
      hlc,
      schemaVersion: rules.schemaVersion,
      madeAt: hlc,
    }
    const decision = decidePush(world, pushOf(mutation, deviceId), () => RECORD)
    world = applyEffects(world, decision)
    return decision
  }
  if (base !== null)
    write({ type: 'put', data: base }, { n: 1, hlc: LONG_BEFORE, deviceId: FIRST, baseVersion: 0 })
  const baseVersion = base === null ? 0 : 1
  write(differenceOf(base, remote), { n: 2, hlc: stamps.remote, deviceId: devices.remote, baseVersion })
  const decision = write(differenceOf(base, local), {
    n: 3,
    hlc: stamps.local,
    deviceId: devices.local,
    baseVersion,
  })
  return outcomeOf(decision, world.records.get(recordKey(collection, RECORD)))
}

interface Writer {
  readonly n: 1 | 2 | 3
  readonly hlc: string
  readonly deviceId: string
  readonly baseVersion: number
}

const pushOf = (mutation: Mutation, deviceId: string): Parameters<typeof decidePush>[1] => ({
  deviceId,
  requestId: RECORD,
  sessionId: null,
  atomic: false,
  mutations: [{ mutation, text: null, bytes: 0, unknownField: null }],
  byDesk: false,
  device: { id: deviceId, platform: 'other', appVersion: '' },
  verdicts: new Map(),
  replayOf: null,
  editOf: null,
})

/** What a device sends that changed one document into the other. */
function differenceOf(base: JsonObject | null, next: JsonObject | null): Operation {
  if (next === null) return { type: 'delete' }
  if (base === null) return { type: 'put', data: next }
  const set: Record<string, Json> = {}
  const unset: string[] = []
  for (const place of changedPlaces(base, next)) {
    const value = valueAt(next, place)
    if (value === undefined) unset.push(place)
    else defineKey(set, place, value)
  }
  return { type: 'patch', set, unset }
}

function outcomeOf(decision: PushDecision, record: RecordState | undefined): Joined {
  const [result] = decision.results
  const [effect] = decision.effects
  const status = result?.status
  if (status === 'conflict') return { kind: 'person', fields: effect?.conflict?.fields ?? [''] }
  if (status !== 'applied' && status !== 'merged' && status !== 'superseded') return { kind: 'unfit' }
  return { kind: 'settled', data: record?.data ?? null, joined: joinedIn(record) }
}

/** A register holds one writer's value; whatever else has a state keeps both sides' work, and of a record that is deleted nobody sees it. */
function joinedIn(record: RecordState | undefined): ReadonlySet<string> {
  if (!record?.data) return new Set()
  const states = Object.entries(record.crdt).filter(([, { kind }]) => kind !== 'lww-register')
  return new Set([...states.map(([place]) => place), ...Object.keys(record.ot ?? {})])
}
