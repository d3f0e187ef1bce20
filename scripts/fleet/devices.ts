import type { Random } from '#lib/kernel/random.ts'
import type { DeviceInfo } from '#lib/protocol/device.ts'
import { pick } from './chance.ts'

/** The airports that inspectors work at, by the name that the reports use. */
export const AIRPORTS = [
  { code: 'DFW', name: 'DALLAS/FORT WORTH INTL ARPT' },
  { code: 'ORD', name: "CHICAGO O'HARE INTL ARPT" },
  { code: 'SMF', name: 'SACRAMENTO INTL' },
  { code: 'BNA', name: 'NASHVILLE INTL' },
  { code: 'PIT', name: 'GREATER PITTSBURGH' },
  { code: 'MEM', name: 'MEMPHIS INTL' },
  { code: 'CLT', name: 'CHARLOTTE/DOUGLAS INTL ARPT' },
  { code: 'IAD', name: 'WASHINGTON DULLES INTL ARPT' },
  { code: 'PDX', name: 'PORTLAND INTL (OR)' },
  { code: 'SLC', name: 'SALT LAKE CITY INTL' },
] as const
export type Airport = (typeof AIRPORTS)[number]

/** The version that sends an empty speed as text, which the schema refuses: what dead letters come from. */
export const FAULTY_VERSION = '2.4.1'

const KINDS = [
  { platform: 'ios', model: 'iPad 10', os: 'iPadOS 18.6' },
  { platform: 'android', model: 'Galaxy Tab Active5', os: 'Android 15' },
  { platform: 'windows', model: 'Toughbook 33', os: 'Windows 11' },
  { platform: 'web', model: 'Chrome', os: 'ChromeOS 140' },
] as const

/** Most run the release, some the faulty one, a few the one before. */
const versionOf = (index: number): string =>
  index % 10 < 6 ? '2.4.0' : index % 10 < 9 ? FAULTY_VERSION : '2.3.9'

export interface Inspector {
  readonly airport: Airport
  readonly device: DeviceInfo
}

/** The inspector with this place in the fleet: the same for the same seed. */
export function inspectorOf(index: number, random: Random): Inspector {
  const airport = AIRPORTS[index % AIRPORTS.length] ?? AIRPORTS[0]
  const name = `${airport.code}-${String(index + 1).padStart(4, '0')}`
  return { airport, device: { name, appVersion: versionOf(index * 7), ...pick(KINDS, random) } }
}
