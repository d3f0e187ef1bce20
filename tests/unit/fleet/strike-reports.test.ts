import { describe, expect, test } from 'vitest'
import { DEMO_COLLECTIONS, STRIKE_REPORT_SCHEMA } from '#lib/application/demo/collections.ts'
import { checkSchema } from '#lib/engine/check-schema.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import { AIRPORTS } from '../../../scripts/fleet/devices.ts'
import { loadStrikeReports } from '../../../scripts/fleet/strike-reports.ts'

const rules = {
  name: 'strike-reports',
  strategy: 'field-merge',
  fieldStrategies: {},
  tieRule: 'lww',
  schema: STRIKE_REPORT_SCHEMA,
  schemaVersion: 1,
} as const
const byAirport = loadStrikeReports()

describe('the strike reports of the demo fleet', () => {
  test('are all 10,000 there, and each is taken by the collection’s schema', () => {
    const reports = [...byAirport.values()].flat()
    expect(reports).toHaveLength(10_000)
    expect(reports.filter((report) => !validateDocument(rules, report).ok)).toEqual([])
  })

  test('an empty speed as text is refused at its place', () => {
    const [report] = byAirport.get(AIRPORTS[0].name) ?? []
    const check = validateDocument(rules, { ...report, speedIasKnots: '' })
    expect(check).toMatchObject({ ok: false, issues: [{ path: '/speedIasKnots' }] })
  })

  test('every airport that inspectors work at has reports', () => {
    for (const { name } of AIRPORTS) expect(byAirport.get(name)?.length, name).toBeGreaterThan(100)
  })

  test('the demo’s schemas may be published', () => {
    for (const { name, schema } of DEMO_COLLECTIONS)
      expect(checkSchema(schema), name).toMatchObject({ ok: true })
  })
})
