import { parseArgs } from 'node:util'
import type { ProfileName } from './profiles.ts'
import { PROFILES, isProfileName } from './profiles.ts'

export interface FleetOptions {
  readonly url: string
  readonly enrollmentKey: string
  readonly devices: number
  /** Null: until it is stopped. */
  readonly seconds: number | null
  readonly profile: ProfileName
  readonly seed: number
  /** Where the devices keep their stores. */
  readonly dir: string
}

export const DEVICES_MAX = 5_000

export const USAGE = `npm run fleet -- --url U --enrollment-key K [--devices N] [--seconds S] [--profile P] [--seed X] [--dir D]
  --url             the server, for example http://127.0.0.1:3000
  --enrollment-key  a key of the fleet: npm run tidemark -- enrollment create --fleet ID
  --devices         how many tablets, 40 unless told, at most ${DEVICES_MAX}
  --seconds         how long; without it until Ctrl-C
  --profile         ${Object.keys(PROFILES).join(', ')}; steady unless told
  --seed            a whole number; the same seed gives the same inspectors, 1 unless told
  --dir             where the tablets keep their stores, .tidemark/fleet unless told`

/** Reads the command line; a string is what is wrong with it. */
export function readOptions(args: readonly string[], defaultDir: string): FleetOptions | string {
  let values: Record<string, string | undefined>
  try {
    const text = { type: 'string' } as const
    values = parseArgs({
      args: [...args],
      options: {
        url: text,
        'enrollment-key': text,
        devices: text,
        seconds: text,
        profile: text,
        seed: text,
        dir: text,
      },
    }).values
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const { url, 'enrollment-key': enrollmentKey, profile = 'steady', dir = defaultDir } = values
  const devices = wholeNumber(values['devices'] ?? '40')
  const seconds = values['seconds'] === undefined ? null : wholeNumber(values['seconds'])
  const seed = wholeNumber(values['seed'] ?? '1')
  if (url === undefined || !URL.canParse(url)) return '--url must be the base URL of the server'
  if (enrollmentKey?.startsWith('tme_') !== true) return '--enrollment-key must be an enrollment key (tme_…)'
  if (!isProfileName(profile)) return `--profile must be one of ${Object.keys(PROFILES).join(', ')}`
  if (devices === undefined || devices < 1 || devices > DEVICES_MAX)
    return `--devices must be 1 to ${DEVICES_MAX}`
  if (seconds === undefined || seed === undefined) return '--seconds and --seed must be whole numbers'
  return { url, enrollmentKey, devices, seconds, profile, seed, dir }
}

const wholeNumber = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined)
