import { formatCount } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { DeviceCommand, NewsType } from '#lib/protocol/command.ts'
import type { ShownDevice } from '#lib/application/devices/get-device.ts'

/** What an operator may ask of a device, as the API calls it. */
export type Act = 'diagnostics' | 'resync' | 'pause' | 'resume' | 'rotate' | 'revoke'

export type ActWords = {
  label: string
  title: (name: string) => string
  says: string
  hint: string
  done: string
  danger?: boolean
}

/** What each act does, before it is done. A full Record. */
export const ACT_WORDS: Record<Act, ActWords> = {
  diagnostics: {
    label: 'Ask for diagnostics',
    title: (name) => `Ask ${name} for diagnostics?`,
    says: 'It sends what it knows of itself with its next contact, and goes on as before.',
    hint: 'What do you want to know?',
    done: 'Asked; the diagnostics come with its next contact',
  },
  resync: {
    label: 'Resync',
    title: (name) => `Have ${name} read everything anew?`,
    says: 'It does a full sync at its next contact. Changes that it has not sent are kept and sent.',
    hint: 'What looks wrong on it?',
    done: 'Told to resync',
  },
  pause: {
    label: 'Pause',
    title: (name) => `Pause ${name}?`,
    says: 'From now on the server refuses its pushes and pulls. Its changes stay on it until it is resumed.',
    hint: 'Why must it stop?',
    done: 'Paused',
  },
  resume: {
    label: 'Resume',
    title: (name) => `Resume ${name}?`,
    says: 'The server answers it again, and its changes come with its next sync.',
    hint: 'Why may it go on?',
    done: 'Resumed',
  },
  rotate: {
    label: 'Rotate token',
    title: (name) => `Have ${name} rotate its token?`,
    says: 'It gets a new credential with its next contact; the old one ends soon after.',
    hint: 'Why a new token?',
    done: 'Told to rotate its token',
  },
  revoke: {
    label: 'Revoke',
    title: (name) => `Revoke ${name} for good?`,
    says: 'Its credential ends at once, and there is no way back: it has to enroll again, as a new device. Changes that it has not sent do not reach the server.',
    hint: 'Why must it never come back?',
    done: 'Revoked',
    danger: true,
  },
}

/** What makes sense of a device in this status, the most harmless first. Pure. */
export function actsFor(status: ShownDevice['status']): readonly Act[] {
  if (status === 'revoked') return []
  return ['diagnostics', 'resync', status === 'paused' ? 'resume' : 'pause', 'rotate', 'revoke']
}

/** What can be asked of many devices at once. A revocation is for one, by its name. */
export const MANY_ACTS = [
  'diagnostics',
  'resync',
  'pause',
  'resume',
  'rotate',
] as const satisfies readonly Act[]

/** What an act does to many devices, before it is done, and to which it does nothing. Pure. */
export function manySays(act: Act): string {
  const { says } = ACT_WORDS[act]
  const already = { pause: ', nor what is paused already', resume: ', nor what is not paused' }[act as string]
  return `Of each device: ${says.charAt(0).toLowerCase()}${says.slice(1)} Revoked devices and those of other engines are told nothing${already ?? ''}.`
}

interface Commanded {
  readonly told: number
  readonly already: number
  readonly revoked: number
  readonly foreign: number
  readonly full: number
}

/** What came of an act on many devices. Pure. */
export function manyDoneWords({ told, already, revoked, foreign, full }: Commanded): string {
  const left = [
    [already, 'so already'],
    [revoked, 'revoked'],
    [foreign, 'of another engine'],
    [full, 'with too many commands that wait'],
  ] as const
  const words = left.filter(([count]) => count > 0).map(([count, why]) => `${formatCount(count)} ${why}`)
  const said = `${formatCount(told)} ${told === 1 ? 'device is' : 'devices are'} told`
  return words.length === 0 ? said : `${said}; left out: ${words.join(', ')}`
}

/** News that travel as commands do. */
const NEWS_LABELS: Record<NewsType, string> = {
  replayed: 'Told of a replayed letter',
  discarded: 'Told of a discarded letter',
  resolved: 'Told of a decided conflict',
}

/** A command's type as the operator chose it, or what the device is told of by itself. Pure. */
export function commandLabel(type: DeviceCommand['type']): string {
  if (type === 'replayed' || type === 'discarded' || type === 'resolved') return NEWS_LABELS[type]
  return ACT_WORDS[type === 'send_diagnostics' ? 'diagnostics' : type].label
}

type Heard = Pick<DeviceCommand, 'acknowledgedAtMs' | 'expiresAtMs'>

/** True while the device may still hear it. Pure. */
export const isWaiting = ({ acknowledgedAtMs, expiresAtMs }: Heard, nowMs: number): boolean =>
  acknowledgedAtMs === null && expiresAtMs > nowMs

/** Where a command stands. Pure. */
export function commandState(command: Heard, nowMs: number): { kind: StatusKind; word: string } {
  if (command.acknowledgedAtMs !== null) return { kind: 'ok', word: 'acknowledged' }
  return isWaiting(command, nowMs)
    ? { kind: 'held', word: 'waits' }
    : { kind: 'unk', word: 'expired unheard' }
}
