import { describe, expect, it } from 'vitest'
import type { DecidableConflict } from '#lib/engine/conflict/resolution.ts'
import { ruleChoice, type RuleQuestion } from '#lib/engine/conflict/rule-choice.ts'
import type { RecordState } from '#lib/engine/types.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'

const DEVICE = '00000000-0000-4000-8000-00000000000a'
const hlcAt = (wallMs: number): string => formatHlc({ wallMs, counter: 0, deviceId: DEVICE })

const question = (
  sides: {
    base?: JsonObject | null
    baseKnown?: boolean
    local?: JsonObject | null
    now?: JsonObject | null
    localHlc?: string | null
    gone?: boolean
  } = {},
): RuleQuestion => {
  const { base = { a: 0, b: 0 }, local = { a: 1, b: 0 }, now = { a: 0, b: 2 } } = sides
  const conflict: DecidableConflict = {
    id: '00000000-0000-4000-8000-000000000001',
    strategy: 'manual',
    outcome: 'manual',
    fields: ['/a'],
    base,
    baseKnown: sides.baseKnown ?? true,
    local,
    remote: now,
    result: null,
    resolution: null,
    closure: null,
  }
  const record: RecordState = {
    collection: 'visits',
    recordId: '00000000-0000-4000-8000-000000000002',
    version: 7,
    deleted: now === null,
    data: now,
    hlc: hlcAt(1_000),
    deviceId: DEVICE,
    versionVector: { [DEVICE]: 7 },
    schemaVersion: 1,
    crdt: {},
  }
  const localHlc = sides.localHlc === undefined ? hlcAt(2_000) : sides.localHlc
  return { conflict, record: sides.gone === true ? null : record, localHlc }
}

describe('a rule for many conflicts', () => {
  it('[CS6] keeps the side that it names', () => {
    expect(ruleChoice('mine', question())).toEqual({ choice: { kind: 'mine' } })
    expect(ruleChoice('theirs', question({ gone: true }))).toEqual({ choice: { kind: 'theirs' } })
  })

  it('[CS6] keeps the newest by its stamp, and says nothing where that is not known', () => {
    expect(ruleChoice('newest', question())).toEqual({ choice: { kind: 'mine' } })
    expect(ruleChoice('newest', question({ localHlc: hlcAt(999) }))).toEqual({ choice: { kind: 'theirs' } })
    expect(ruleChoice('newest', question({ gone: true }))).toEqual({ choice: { kind: 'mine' } })
    expect(ruleChoice('newest', question({ localHlc: null }))).toEqual({ skip: 'time_unknown' })
  })

  it('[CS3] joins what meets nowhere with the record as it is now', () => {
    expect(ruleChoice('merge', question())).toEqual({ choice: { kind: 'merged', data: { a: 1, b: 2 } } })
    const added = question({ local: { a: 0, b: 0, c: 3 } })
    expect(ruleChoice('merge', added)).toEqual({ choice: { kind: 'merged', data: { a: 0, b: 2, c: 3 } } })
    const onlyMine = question({ now: { a: 0, b: 0 } })
    expect(ruleChoice('merge', onlyMine)).toEqual({ choice: { kind: 'merged', data: { a: 1, b: 0 } } })
    expect(ruleChoice('merge', question({ local: { a: 0, b: 0 } }))).toEqual({ choice: { kind: 'theirs' } })
    expect(ruleChoice('merge', question({ local: { a: 0, b: 2 } }))).toEqual({ choice: { kind: 'theirs' } })
  })

  it('[CS3] leaves alone what meets, what has no base, and what is deleted on a side', () => {
    expect(ruleChoice('merge', question({ now: { a: 9, b: 0 } }))).toEqual({ skip: 'same_field' })
    expect(ruleChoice('merge', question({ baseKnown: false, base: null }))).toEqual({ skip: 'base_unknown' })
    for (const gone of [question({ local: null }), question({ now: null }), question({ gone: true })])
      expect(ruleChoice('merge', gone)).toEqual({ skip: 'record_gone' })
  })
})
