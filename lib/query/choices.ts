import { PLATFORMS, type Platform } from '#lib/protocol/device.ts'
import { OWN_SOURCE } from '#lib/protocol/ingest.ts'
import type { Choice, Field } from './field.ts'

/** Words with their meanings as choices, in that order. */
export const choicesOf = <T extends string>(meanings: Readonly<Record<T, string>>): readonly Choice[] =>
  Object.entries<string>(meanings).map(([value, meaning]) => ({ value, meaning }))

const platformMeaning = (platform: Platform): string =>
  platform === 'other' ? 'a platform with another name' : platform

/** Devices and their sessions have these alike. */
export const PLATFORM_FIELD = {
  kind: 'choice',
  choices: PLATFORMS.map((value) => ({ value, meaning: platformMeaning(value) })),
  meaning: 'the platform',
  examples: ['platform:ios'],
} as const satisfies Field
export const versionField = (meaning: string) =>
  ({ kind: 'text', meaning, examples: ['version:2.4.1', 'version:2.4.0,2.4.1'] }) as const satisfies Field
export const sourceField = (meaning: string) =>
  ({
    kind: 'text',
    meaning,
    examples: ['source:powersync', `-source:${OWN_SOURCE}`],
  }) as const satisfies Field
export const deviceField = (meaning: string) =>
  ({
    kind: 'name',
    meaning,
    examples: ['device:DFW-0001', 'device:"Gate 4 tablet"'],
  }) as const satisfies Field
