import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deviceReport } from '#lib/protocol/report.ts'
import { usualReport } from '#lib/protocol/usual-report.ts'
import { cases } from '#tests/support/cases.ts'
import { anyJson } from '#tests/support/engine-arbitraries.ts'

const USUAL = {
  state: 'pulling',
  seq: 7,
  nonce: 'n',
  outbox: { depth: 0 },
  clock: { offsetMs: -3.5, rttMs: 12.5 },
}
/** Near misses: each a value that some field takes and another does not. */
const value = fc.oneof(
  anyJson,
  fc.double(),
  fc.constantFrom<unknown>(
    undefined,
    null,
    'idle',
    'IDLE',
    '',
    'x'.repeat(64),
    'x'.repeat(65),
    -0,
    -1,
    10_000_000,
    10_000_001,
    2 ** 53,
    -(2 ** 53),
    { depth: 1 },
    { depth: 1, oldestMadeAt: '2026-11-25T10:00:00Z' },
    { depth: 1, other: 1 },
    { offsetMs: 0.4, rttMs: -0.4 },
    { offsetMs: -0.5, rttMs: 0 },
    { offsetMs: 1, rttMs: 1, other: 1 },
    { offsetMs: 1 },
    [],
  ),
)
const fields = fc.constantFrom(
  'state',
  'seq',
  'nonce',
  'outbox',
  'clock',
  'ackCommands',
  'other',
  '__proto__',
)
const changes = fc.array(fc.tuple(fields, value), { maxLength: 2 })

describe('a usual report', () => {
  it('is read as the schema reads it, whatever is changed about it', () => {
    let accepted = 0
    fc.assert(
      fc.property(changes, (changed) => {
        const candidate: unknown = Object.assign({}, USUAL, Object.fromEntries(changed))
        const usual = usualReport(candidate)
        if (usual === null) return
        accepted += 1
        const read = deviceReport.safeParse(candidate)
        expect(read.success).toBe(true)
        expect(usual).toEqual(read.data)
      }),
      { numRuns: cases(2_000) },
    )
    expect(accepted).toBeGreaterThan(cases(100))
  })

  it('is what a device says whose outbox is empty', () => {
    expect(usualReport(USUAL)).toEqual(deviceReport.parse(USUAL))
    const { clock: _, ...without } = USUAL
    expect(usualReport(without)).toEqual(without)
    for (const other of [null, 1, 'x', [], {}, { ...USUAL, ackCommands: [] }])
      expect(usualReport(other)).toBeNull()
  })
})
