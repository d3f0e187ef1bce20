import { SESSION_STATES, type SessionState } from '#lib/protocol/session-states.ts'
import type { Choice, Fields } from './field.ts'
import { PLATFORM_CHOICES } from './session-fields.ts'

/** What the list shows of a device: its own state, or what a person made of it. */
export const DEVICE_STATES = [...SESSION_STATES, 'paused', 'revoked', 'unheard'] as const
export type DeviceListState = (typeof DEVICE_STATES)[number]

export const CONNECTIVITIES = ['online', 'offline', 'unheard'] as const
export type Connectivity = (typeof CONNECTIVITIES)[number]

/** What a device may have, for `has:`. */
export const DEVICE_MARKS = ['waiting', 'report', 'fork', 'jump'] as const
export type DeviceMark = (typeof DEVICE_MARKS)[number]

/** The orders of the list; the first is taken where none is asked for. */
export const DEVICE_SORTS = ['contact', 'pending', 'queue', 'name'] as const
export type DeviceSort = (typeof DEVICE_SORTS)[number]

const STATE_MEANINGS: Readonly<Record<DeviceListState, string>> = {
  idle: 'at rest',
  scanning: 'looks for what to send',
  pushing: 'sends its changes',
  pulling: 'reads what others changed',
  resolving: 'merges what collided',
  committing: 'writes what it read',
  resyncing: 'reads everything anew',
  backoff: 'waits after a failure',
  shed: 'waits for a breaker',
  offline: 'without a network, or silent for longer than it should be',
  halted: 'stopped for good until somebody acts',
  paused: 'paused by a person',
  revoked: 'shut out by a person',
  unheard: 'has never told its state',
}
const MARK_MEANINGS: Readonly<Record<DeviceMark, string>> = {
  waiting: 'changes waiting, as it last told',
  report: 'a report of its own',
  fork: 'a copy that was found',
  jump: 'a step of its clock',
}
const CONNECTIVITY_MEANINGS: Readonly<Record<Connectivity, string>> = {
  online: 'heard of in time',
  offline: 'says so, or silent for longer than it should be',
  unheard: 'has never told its state',
}

const choices = <const T extends string>(meanings: Readonly<Record<T, string>>): readonly Choice[] =>
  Object.entries<string>(meanings).map(([value, meaning]) => ({ value, meaning }))

/** The keys of the devices list. Free words are looked for in name and id. */
export const DEVICE_FIELDS = {
  device: {
    kind: 'name',
    meaning: 'its whole name or its id',
    examples: ['device:DFW-0001', 'device:"Gate 4 tablet"'],
  },
  state: {
    kind: 'choice',
    choices: choices<SessionState | DeviceListState>(STATE_MEANINGS),
    meaning: 'its state as the list shows it',
    examples: ['state:offline', 'state:shed,backoff'],
  },
  connectivity: {
    kind: 'choice',
    choices: choices(CONNECTIVITY_MEANINGS),
    meaning: 'whether it is heard; a revoked device has none',
    examples: ['connectivity:online'],
  },
  version: {
    kind: 'text',
    meaning: 'the app version that it last named',
    examples: ['version:2.4.1', 'version:2.4.0,2.4.1'],
  },
  platform: {
    kind: 'choice',
    choices: PLATFORM_CHOICES,
    meaning: 'the platform',
    examples: ['platform:ios'],
  },
  has: {
    kind: 'choice',
    choices: choices(MARK_MEANINGS),
    meaning: 'what there is of it',
    examples: ['has:waiting'],
  },
  queue: { kind: 'count', meaning: 'changes in its queue, as it last told', examples: ['queue:>100'] },
  pending: {
    kind: 'duration',
    meaning: 'how long its oldest change waits; of a silent device the least that it can be',
    examples: ['pending:>1h'],
  },
  contact: { kind: 'duration', meaning: 'time since it was last heard', examples: ['contact:>15m'] },
  clock: { kind: 'duration', meaning: 'how far its clock is off, either way', examples: ['clock:>1m'] },
} as const satisfies Fields

export type DeviceKey = keyof typeof DEVICE_FIELDS

/** Keys whose values are counted beside the list. */
export const DEVICE_FACETS = [
  'state',
  'version',
  'platform',
  'connectivity',
] as const satisfies readonly DeviceKey[]
/** Devices that are looked at to count them. */
export const DEVICE_FACET_ROWS_MAX = 100_000
