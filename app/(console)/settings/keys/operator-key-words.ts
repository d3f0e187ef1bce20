import { plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import { keyState } from '../key-words.ts'
import { ALL_FLEETS } from '../role-words.ts'

type Key = { expiresAtMs: number | null; revokedAtMs: number | null }

/** A key that ends within this is told of, so that its successor is there before. */
export const ENDS_SOON_MS = 14 * 86_400_000

/** Where an operator key stands. Pure. */
export function operatorKeyState(key: Key, nowMs: number): { kind: StatusKind; word: string } {
  const state = keyState(key, nowMs)
  const isSoon = key.expiresAtMs !== null && key.expiresAtMs - nowMs < ENDS_SOON_MS
  return state.kind === 'ok' && isSoon ? { kind: 'warn', word: 'ends soon' } : state
}

/** "3 programs come in by a key; 1 key ends within 14 days". Pure. */
export function operatorKeysSentence(keys: readonly Key[], nowMs: number): string {
  const words = keys.map((key) => operatorKeyState(key, nowMs).word)
  const soon = words.filter((word) => word === 'ends soon').length
  const open = words.filter((word) => word === 'open').length + soon
  if (open === 0) return 'No program comes in by a key'
  const lets = `${plural(open, 'key')} ${open === 1 ? 'lets' : 'let'} programs in`
  return soon === 0 ? lets : `${lets}; ${soon} of them ${soon === 1 ? 'ends' : 'end'} within 14 days`
}

const OPENS = [
  { value: '', label: 'The operator API' },
  { value: 'metrics', label: 'The operator API, and /metrics of every fleet' },
] as const

/** What a key of this scope can open: there is a choice where it is of every fleet alone, as /metrics is. Pure. */
export const opensChoices = (scope: string): readonly { value: string; label: string }[] =>
  scope === ALL_FLEETS ? OPENS : []
