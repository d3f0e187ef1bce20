import { describe, expect, it } from 'vitest'
import { checkLines, refusedBy, type Kind } from '../../../app/(console)/collections/[id]/check-words.ts'
import { migrationOf } from '../../../app/(console)/collections/[id]/migration-steps.ts'
import {
  boardSentence,
  lagVerdict,
  recordsText,
} from '../../../app/(console)/collections/collection-words.ts'
import { DEFAULT_THRESHOLDS } from '#lib/telemetry/thresholds.ts'
import { quantiles } from '#tests/support/overview-fixture.ts'

const kind = (checked: number, refused: number, more = false): Kind => ({
  checked,
  refused,
  reasons: [],
  more,
})
const boarded = (name: string, level: 'ok' | 'warn' | 'unk' | null) =>
  ({
    collection: { name },
    row: level && {
      name,
      limits: DEFAULT_THRESHOLDS,
      uploadLag: quantiles(5),
      lagLevel: level,
      conflicts: { part: 0, whole: 9, rate: 0 },
      conflictLevel: 'unk',
    },
  }) as never

describe('what a check found', () => {
  it('is counted of the newest so many where there are more, and of all otherwise', () => {
    const check = {
      schemaVersion: 2,
      records: kind(2_000, 312, true),
      changes: kind(12, 0),
      letters: kind(3, 1),
    }
    expect(checkLines(check).map(({ kind: status, text }) => [status, text])).toEqual([
      ['warn', '312 of the newest 2,000 records would be refused'],
      ['ok', 'all 12 sent documents would pass'],
      ['ok', '2 of all 3 dead letters could be replayed'],
    ])
    expect(refusedBy(check)).toBe(312)
  })

  it('claims nothing of what is not there', () => {
    const empty = { schemaVersion: 1, records: kind(0, 0), changes: kind(1, 1), letters: kind(0, 0) }
    expect(checkLines(empty).map(({ kind: status, text }) => [status, text])).toEqual([
      ['unk', 'no record to check'],
      ['warn', 'the only sent document would be refused'],
    ])
  })
})

describe('a collection’s lag', () => {
  it('has no sample where nothing was committed: what died came in, too', () => {
    const row = { uploadLag: quantiles(null), lagLevel: 'unk', conflicts: { whole: 5 } } as never
    expect(lagVerdict(row)).toEqual({ kind: 'unk', word: 'no sample', figure: '' })
  })
})

describe('an up-migration as it is filled in', () => {
  it('has its steps in the API’s form; none without steps', () => {
    expect(migrationOf([], 3)).toEqual({ ok: true, value: null })
    const steps = [
      { op: 'rename', path: '/a', what: '/b' },
      { op: 'remove', path: '/c', what: 'left over' },
      { op: 'default', path: '/d', what: '"x"' },
      { op: 'cel', path: '/e', what: 'value + 1' },
    ] as const
    expect(migrationOf(steps, 3)).toEqual({
      ok: true,
      value: {
        from: 3,
        to: 4,
        ops: [
          { op: 'rename', path: '/a', to: '/b' },
          { op: 'remove', path: '/c' },
          { op: 'default', path: '/d', value: 'x' },
          { op: 'cel', path: '/e', cel: 'value + 1' },
        ],
      },
    })
    expect(migrationOf([{ op: 'default', path: '/d', what: 'x' }], 3)).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^Step 1 of the up-migration: This is not JSON/),
    })
  })
})

describe('the list of collections', () => {
  it('names what is over its limits', () => {
    const [well, over, quiet] = [boarded('notes', 'ok'), boarded('orders', 'warn'), boarded('stock', null)]
    expect(boardSentence('Airfield', [])).toBe('Airfield has no collection yet')
    expect(boardSentence('Airfield', [well, quiet])).toBe(
      'Airfield syncs 2 collections; none is over its limits',
    )
    expect(boardSentence('Airfield', [well, over])).toBe(
      'orders is over its limits; Airfield syncs 2 collections',
    )
    expect(boardSentence('Airfield', [over, over, well])).toBe('2 of 3 collections are over their limits')
    expect([recordsText(12), recordsText(10_000)]).toEqual(['12', 'over 10,000'])
  })
})
