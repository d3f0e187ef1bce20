/** What a key does, given the one before it. Pure. */
export type KeyAct =
  | { kind: 'go'; key: string }
  | { kind: 'move'; by: 1 | -1 }
  | { kind: 'filter' }
  | { kind: 'help' }
/** Asks a list for its next or previous row; one that does it itself prevents the default. */
export const MOVE_EVENT = 'tidemark:move'
export type MoveEvent = CustomEvent<1 | -1>

export type Pressed = { key: string; atMs: number } | null

/** The second key of a pair counts this long. */
export const PAIR_MS_MAX = 1_000

export function nextKeyState(
  before: Pressed,
  key: string,
  nowMs: number,
): { act: KeyAct | null; prefix: Pressed } {
  if (before?.key === 'g' && nowMs - before.atMs <= PAIR_MS_MAX)
    return { act: { kind: 'go', key }, prefix: null }
  const none = { act: null, prefix: null }
  switch (key) {
    case 'g':
      return { act: null, prefix: { key, atMs: nowMs } }
    case 'j':
      return { ...none, act: { kind: 'move', by: 1 } }
    case 'k':
      return { ...none, act: { kind: 'move', by: -1 } }
    case '/':
      return { ...none, act: { kind: 'filter' } }
    case '?':
      return { ...none, act: { kind: 'help' } }
    default:
      return none
  }
}
