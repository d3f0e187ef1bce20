import { SESSION_STATES } from '#lib/protocol/session-states.ts'
import { choicesOf, deviceField, PLATFORM_FIELD, sourceField, versionField } from './choices.ts'
import type { Fields } from './field.ts'

/** What the list shows of a device: its own state, or what a person made of it. */
export const DEVICE_STATES = [...SESSION_STATES, 'paused', 'revoked', 'unheard'] as const
export type DeviceListState = (typeof DEVICE_STATES)[number]

export type Connectivity = 'online' | 'offline' | 'unheard'

/** What a device may have, for `has:`. */
export type DeviceMark = 'waiting' | 'report' | 'fork' | 'jump'

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

/** The keys of the devices list. Free words are looked for in name and id. */
export const DEVICE_FIELDS = {
  device: deviceField('its whole name or its id'),
  state: {
    kind: 'choice',
    choices: choicesOf(STATE_MEANINGS),
    meaning: 'its state as the list shows it',
    examples: ['state:offline', 'state:shed,backoff'],
  },
  connectivity: {
    kind: 'choice',
    choices: choicesOf(CONNECTIVITY_MEANINGS),
    meaning: 'whether it is heard; a revoked device has none',
    examples: ['connectivity:online'],
  },
  version: versionField('the app version that it last named'),
  platform: PLATFORM_FIELD,
  source: sourceField('the engine that it syncs with; `tidemark` for the one in here'),
  has: {
    kind: 'choice',
    choices: choicesOf(MARK_MEANINGS),
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
  'source',
  'connectivity',
] as const satisfies readonly DeviceKey[]
/** Devices that are looked at to count them. */
export const DEVICE_FACET_ROWS_MAX = 100_000
