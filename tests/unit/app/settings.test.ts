import { describe, expect, it } from 'vitest'
import {
  accessText,
  endOf,
  isOpen,
  keysSentence,
  keyState,
} from '../../../app/(console)/settings/key-words.ts'
import { partsFor } from '../../../app/(console)/settings/parts.ts'
import {
  COLLECTION_FIELDS,
  fieldValue,
  FLEET_FIELDS,
  limitText,
  ownText,
  typedValue,
} from '../../../app/(console)/settings/thresholds/threshold-fields.ts'
import { DEFAULT_THRESHOLDS } from '#lib/telemetry/thresholds.ts'

const NOW = 1_000_000
const key = (changes: Partial<Parameters<typeof keyState>[0]> = {}) => ({
  expiresAtMs: null,
  revokedAtMs: null,
  ...changes,
})

describe('keys in words', () => {
  it('an open key is one that is neither revoked, nor past its end, nor used up', () => {
    const words = (one: Parameters<typeof keyState>[0]) => keyState(one, NOW).word
    expect(words(key())).toBe('open')
    expect(words(key({ expiresAtMs: NOW + 1, maxDevices: 2, devices: 1 }))).toBe('open')
    expect(words(key({ expiresAtMs: NOW }))).toBe('expired')
    expect(words(key({ maxDevices: 2, devices: 2 }))).toBe('used up')
    expect(words(key({ maxDevices: 2, devices: 2, revokedAtMs: 5 }))).toBe('revoked')
    expect([key(), key({ revokedAtMs: 1 })].map((one) => isOpen(one, NOW))).toEqual([true, false])
  })

  it('the sentence counts what is open', () => {
    const does = 'devices into Airfield US'
    expect(keysSentence([], NOW, does)).toBe('No key lets devices into Airfield US')
    expect(keysSentence([key(), key({ revokedAtMs: 1 })], NOW, does)).toBe(
      '1 key lets devices into Airfield US',
    )
    expect(keysSentence([key(), key()], NOW, does)).toBe('2 keys let devices into Airfield US')
  })

  it('what a key opens, and when a form ends it', () => {
    expect(accessText({ '*': 'write' })).toBe('every collection, read and write')
    expect(accessText({ notes: 'read', orders: 'write' })).toBe('notes (read only), orders')
    expect(accessText({})).toBe('no collection')
    expect([endOf('never', NOW), endOf('', NOW), endOf('7', NOW)]).toEqual([
      null,
      undefined,
      NOW + 7 * 86_400_000,
    ])
  })
})

describe('thresholds in a form', () => {
  it('every threshold has one field, and a collection those that it is judged by', () => {
    expect(FLEET_FIELDS.map(({ name }) => name).sort()).toEqual(Object.keys(DEFAULT_THRESHOLDS).sort())
    expect(COLLECTION_FIELDS.map(({ name }) => name)).toEqual([
      'lagWarnMs',
      'lagCriticalMs',
      'conflictWarn',
      'conflictFriction',
      'conflictWaitMs',
    ])
  })

  it('a figure comes back as it was typed; an empty field is null', () => {
    for (const field of FLEET_FIELDS) {
      for (const typed of ['5', '2.5', '0.1', '33.3', '0'])
        if (field.unit !== 'changes' || /^\d+$/.test(typed))
          expect([field.name, fieldValue(field, typedValue(field, typed) ?? NaN)]).toEqual([
            field.name,
            typed,
          ])
      expect(typedValue(field, ' ')).toBeNull()
    }
    const [lag, , conflict] = FLEET_FIELDS
    if (!lag || !conflict) throw new Error('there are fields')
    expect([typedValue(lag, '5'), typedValue(conflict, '2')]).toEqual([300_000, 0.02])
    expect([limitText(lag, 300_000), limitText(conflict, 0.02)]).toEqual(['5 min', '2 %'])
  })

  it('says what a collection sets itself', () => {
    expect(ownText({})).toBeNull()
    expect(ownText({ lagWarnMs: 600_000, conflictWarn: 0.05 })).toBe(
      'sync lag, warning 10 min, conflict rate, warning 5 %',
    )
  })
})

it('a tab that only refuses is shown to administrators, and on its own page', () => {
  const shown = (role: Parameters<typeof partsFor>[0], current: Parameters<typeof partsFor>[1]) =>
    partsFor(role, current)
      .map(({ path }) => path)
      .filter((path) => path === 'people' || path === 'keys')
  expect([shown('admin', 'fleets'), shown('viewer', 'fleets'), shown('operator', 'people')]).toEqual([
    ['people', 'keys'],
    [],
    ['people'],
  ])
})
