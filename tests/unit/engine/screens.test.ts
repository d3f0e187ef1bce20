import { describe, expect, it } from 'vitest'
import { requirePublishable } from '#lib/application/collections/collection-input.ts'
import { deviceConfig } from '#lib/application/devices/device-config.ts'
import { compileAccept } from '#lib/engine/accept-document.ts'
import { checkSchema } from '#lib/engine/check-schema.ts'
import { fieldWords, screenIssues, withoutScreens } from '#lib/engine/screens.ts'
import type { Collection, Fleet } from '#lib/storage/ports.ts'
import type { JsonObject } from '#lib/kernel/json.ts'

const KEY = 'x-tidemark-screen'
const SCHEMA: JsonObject = {
  title: 'Report',
  [KEY]: 'Report form',
  type: 'object',
  properties: {
    status: { title: 'State', enum: ['open', 'done'] },
    inspection: { $ref: '#/$defs/walk', [KEY]: 'Runway walk' },
    costs: { type: 'array', items: { [KEY]: 'Costs', properties: { usd: { title: 'Dollars' } } } },
    'x/y': { title: 'Slashed' },
    [KEY]: { title: 'a field of that name' },
    fixed: { const: { [KEY]: 'a value' } },
  },
  additionalProperties: { title: 'Other' },
  $defs: { walk: { [KEY]: 'Walk', properties: { by: { title: 'Inspector' } } } },
}

describe('screens', () => {
  it('[JS4] the nearest screen around a field counts, and its own title', () => {
    expect(fieldWords(SCHEMA, '/status')).toEqual({ screen: 'Report form', title: 'State' })
    expect(fieldWords(SCHEMA, '/inspection/by')).toEqual({ screen: 'Runway walk', title: 'Inspector' })
    expect(fieldWords(SCHEMA, '/costs/0/usd')).toEqual({ screen: 'Costs', title: 'Dollars' })
    expect(fieldWords(SCHEMA, '/costs/*/usd')).toEqual({ screen: 'Costs', title: 'Dollars' })
    expect(fieldWords(SCHEMA, '/x~1y').title).toBe('Slashed')
    expect(fieldWords(SCHEMA, '/elsewhere').title).toBe('Other')
    expect(fieldWords(SCHEMA, '')).toEqual({ screen: 'Report form', title: null })
  })

  it('[JS4] nothing is made up where the schema says nothing', () => {
    const silent = { screen: null, title: null }
    expect(fieldWords({ properties: { a: {} } }, '/a/b/__proto__')).toEqual(silent)
    expect(fieldWords(true, '/a')).toEqual(silent)
    expect(fieldWords({ $ref: '#/$defs/none' }, '/a')).toEqual(silent)
    expect(fieldWords({ $ref: '#' }, '/a'), 'a circle ends').toEqual(silent)
  })

  it('[JS4] is checked at publication and judges no document', () => {
    expect(checkSchema(SCHEMA)).toEqual({ ok: true })
    expect(screenIssues(SCHEMA)).toEqual([])
    expect(checkSchema({ [KEY]: 3 })).toMatchObject({ ok: false, issues: [{ path: `/${KEY}` }] })
    const message = 'must be a text of 1 to 80 characters'
    for (const screen of ['', ' ', 'x'.repeat(81)])
      expect(screenIssues({ anyOf: [true, { properties: { a: { not: { [KEY]: screen } } } }] })).toEqual([
        { path: `/anyOf/1/properties/a/not/${KEY}`, message },
      ])
    expect(() => requirePublishable({ [KEY]: '' })).toThrow('cannot be published')
    expect(() => requirePublishable(SCHEMA)).not.toThrow()
    const accept = compileAccept({ [KEY]: 'Form', type: 'object' })
    expect([accept?.({}), accept?.(1)]).toEqual([true, false])
  })

  it('[JS4] devices are given schemas without it, and with all else', () => {
    const bare = withoutScreens(SCHEMA) as JsonObject
    expect(JSON.stringify(bare).split(KEY).length - 1, 'the field and the value of that name').toBe(2)
    expect(bare['properties']).toMatchObject({
      status: { title: 'State', enum: ['open', 'done'] },
      inspection: { $ref: '#/$defs/walk' },
      costs: { items: { properties: { usd: { title: 'Dollars' } } } },
      fixed: { const: { [KEY]: 'a value' } },
    })
    expect(bare['$defs']).toEqual({ walk: { properties: { by: { title: 'Inspector' } } } })
    const plain: JsonObject = { type: 'object' }
    expect(withoutScreens(plain)).toBe(plain)
    const collection = { name: 'reports', schema: SCHEMA } as unknown as Collection
    const fleet = { configVersion: 1, settings: {} } as Fleet
    expect(deviceConfig(fleet, [collection], { '*': 'write' }).collections[0]?.schema).toEqual(bare)
  })
})
