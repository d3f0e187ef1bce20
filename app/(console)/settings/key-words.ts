import { plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'

/** What of a key says whether it still opens something. Times in Unix ms. */
export type KeyLife = {
  expiresAtMs: number | null
  revokedAtMs: number | null
  maxDevices?: number | null
  devices?: number
}

const isUsedUp = ({ maxDevices = null, devices = 0 }: KeyLife): boolean =>
  maxDevices !== null && devices >= maxDevices

/** Where a key stands. Pure. */
export function keyState(key: KeyLife, nowMs: number): { kind: StatusKind; word: string } {
  if (key.revokedAtMs !== null) return { kind: 'unk', word: 'revoked' }
  if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) return { kind: 'unk', word: 'expired' }
  if (isUsedUp(key)) return { kind: 'held', word: 'used up' }
  return { kind: 'ok', word: 'open' }
}

export const isOpen = (key: KeyLife, nowMs: number): boolean => keyState(key, nowMs).kind === 'ok'

/** "2 keys let devices into Airfield US"; `does` follows "1 key lets" or "2 keys let". Pure. */
export function keysSentence(keys: readonly KeyLife[], nowMs: number, does: string): string {
  const open = keys.filter((key) => isOpen(key, nowMs)).length
  return open === 0 ? `No key lets ${does}` : `${plural(open, 'key')} ${open === 1 ? 'lets' : 'let'} ${does}`
}

/** "every collection, read and write", "notes (read), orders". Pure. */
export function accessText(access: Readonly<Record<string, 'read' | 'write'>>): string {
  const entries = Object.entries(access)
  if (entries.length === 0) return 'no collection'
  return entries
    .map(([name, level]) =>
      name === '*'
        ? `every collection, ${level === 'write' ? 'read and write' : 'read only'}`
        : level === 'write'
          ? name
          : `${name} (read only)`,
    )
    .join(', ')
}

const DAY_MS = 86_400_000
/** When a key ends, as a form offers it. */
export const KEY_ENDS = [
  { value: 'never', label: 'Never' },
  { value: '1', label: 'In a day' },
  { value: '7', label: 'In a week' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
] as const

/** What the form's choice is in Unix ms: null for never, undefined for what stays as it is. Pure. */
export function endOf(choice: string, nowMs: number): number | null | undefined {
  if (choice === 'never') return null
  const days = Number(choice)
  return choice !== '' && Number.isFinite(days) ? nowMs + days * DAY_MS : undefined
}
