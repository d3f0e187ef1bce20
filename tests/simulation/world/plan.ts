/** What can go wrong for a while, between one device and the servers, or in a process. */
export const WINDOW_KINDS = [
  'lose_request',
  'lose_answer',
  'reset',
  'delay',
  'duplicate',
  'cut_request',
  'cut_answer',
  'offline',
  'freeze_clock',
  'no_room',
  'storage_down',
  'contention',
  'slow_commit',
  'server_stopped',
] as const
export type WindowKind = (typeof WINDOW_KINDS)[number]

/** What goes wrong, or is done, at one moment. */
export const MOMENT_KINDS = [
  'device_crash',
  'device_crash_at_step',
  'server_kill',
  'server_kill_at_commit',
  'clock_step',
  'server_clock_step',
  'clone',
  'backup',
  'restore',
  'corrupt_token',
  'poison',
  'publish',
  'retry_storm',
  'command',
  'reuse_id',
  'atomic_push',
  'winter',
  'damage',
] as const
export type MomentKind = (typeof MOMENT_KINDS)[number]
export type FaultKind = WindowKind | MomentKind

export type Verb = 'new' | 'put' | 'patch' | 'remove' | 'count' | 'tag' | 'type' | 'erase' | 'rewrite'

/** One thing that happens in a run. `device` is an index, taken modulo the devices that there are; so are `n` and `m`. */
export type Operation = { readonly id: number; readonly atMs: number; readonly device: number } & (
  | { readonly kind: 'write'; readonly verb: Verb; readonly collection: string; readonly n: number }
  | { readonly kind: 'read'; readonly collection: string; readonly n: number }
  /** Someone at the device decides a conflict that waits there. */
  | { readonly kind: 'decide'; readonly n: number }
  | { readonly kind: WindowKind; readonly forMs: number; readonly probability: number }
  | { readonly kind: MomentKind; readonly n: number; readonly m: number }
)

/** A whole run: everything else in it follows. A shrunk plan is a plan with operations left out. */
export interface Plan {
  readonly seed: number
  readonly devices: number
  readonly servers: number
  /** How long things go wrong; then all is healed. */
  readonly horizonMs: number
  readonly operations: readonly Operation[]
}

export const isFault = ({ kind }: Operation): boolean =>
  kind !== 'write' && kind !== 'read' && kind !== 'decide'
