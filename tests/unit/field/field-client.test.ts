import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { SETTINGS_PARTS } from '#app/(console)/settings/parts.ts'
import { EnrollForm } from '#app/field/enroll-form.tsx'
import { fleetOf, keyIn } from '#app/field/enrollment-code.ts'
import {
  changesOf,
  draftOf,
  newDraft,
  overtakenFields,
  problemsOf,
  reportOf,
} from '#app/field/report-draft.ts'
import { labelOf, MERGING_FIELDS, REPORT_FIELDS, REPORTS } from '#app/field/report-fields.ts'
import { changedTitle, reportTitle, undecidedTitle, unlisted } from '#app/field/report-title.ts'
import { editBetween } from '#app/field/text-edit.ts'
import { routeOf } from '#app/field/use-route.ts'
import { makeFleetCredential } from '#lib/application/access/credentials.ts'
import { DEMO_COLLECTIONS } from '#lib/application/demo/collections.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import type { JsonObject } from '#lib/kernel/json.ts'

const FLEET = '0192f0a1-b2c3-7000-8000-000000000001'
const [reports] = DEMO_COLLECTIONS
const rules = { ...reports, schemaVersion: 1 }
const properties = reports.schema['properties'] as JsonObject

describe('the code of a fleet', () => {
  test('is found in a link, alone, and in a paste with line breaks', () => {
    const { text: key } = makeFleetCredential('enrollment', FLEET)
    for (const typed of [
      key,
      ` ${key}\n`,
      `https://a.example/field#key=${key}`,
      `${key.slice(0, 60)}\n${key.slice(60)}`,
    ])
      expect(keyIn(typed)).toBe(key)
    expect(fleetOf(key)).toBe(FLEET)
    for (const none of ['', 'tme_', key.slice(0, -1), makeFleetCredential('device', FLEET).text])
      expect(keyIn(none)).toBeNull()
  })
})

describe('the form of a report', () => {
  test('has fields of the demo’s schema alone, and those that merge are CRDTs there', () => {
    expect(reports.name).toBe(REPORTS)
    for (const { name } of REPORT_FIELDS) expect(Object.keys(properties)).toContain(name)
    expect(Object.keys(reports.fieldStrategies)).toEqual(MERGING_FIELDS.map((name) => `/${name}`))
    expect(labelOf('species')).toBe('Species')
    expect(labelOf('unheard')).toBe('unheard')
  })

  test('what it files fits the schema, filled in or not', () => {
    const bare = { ...newDraft('2026-11-28'), airportName: 'DALLAS' }
    const full = {
      ...bare,
      ...Object.fromEntries(
        REPORT_FIELDS.map(({ name, kind, choices = [] }) => [
          name,
          kind === 'date' ? '2026-11-28' : kind === 'number' ? ' 12 ' : (choices[0] ?? 'text'),
        ]),
      ),
    }
    for (const draft of [bare, full]) {
      expect(problemsOf(draft)).toEqual({})
      expect(validateDocument(rules, reportOf(draft))).toMatchObject({ ok: true })
    }
    expect(reportOf(full)['speedIasKnots']).toBe(12)
  })

  test('says what is wrong before it is written', () => {
    const draft = { ...newDraft(''), speedIasKnots: 'fast', costRepairUsd: '2000000000' }
    expect(Object.keys(problemsOf(draft))).toEqual([
      'airportName',
      'flightDate',
      'speedIasKnots',
      'costRepairUsd',
    ])
  })

  test('writes what the person changed and nothing else: others may have changed the rest', () => {
    const before = draftOf({ airportName: 'A', species: 'Dove', damage: 'Minor' })
    expect(changesOf(before, { ...before, species: 'Killdeer', damage: '' })).toEqual({
      species: 'Killdeer',
      damage: null,
    })
    expect(changesOf(before, before)).toEqual({})
  })

  test('a report is called by its animal and its airport', () => {
    expect(reportTitle({ species: 'Dove', airportName: 'A' })).toBe('Dove at A')
    expect(reportTitle({ species: null })).toBe('Strike at an airport not named')
    const put = { op: { type: 'put', data: { airportName: 'A' } } } as const
    expect(changedTitle(put)).toBe('Strike at A')
    expect(changedTitle(put, { species: 'Dove', airportName: 'A' })).toBe('Dove at A')
    expect(changedTitle({ op: { type: 'delete' } })).toBe('A report')
  })

  test('one to decide on that is in no list is named once, by what the server has of it', () => {
    const listed = { collection: REPORTS, recordId: 'a' }
    const gone = { collection: REPORTS, recordId: 'b' }
    const other = { collection: 'notes', recordId: 'c' }
    expect(unlisted([listed, gone, gone, other], REPORTS, [{ id: 'a' }])).toEqual([gone])
    expect(undecidedTitle(null)).toBe('A report that was removed')
    expect(undecidedTitle({ species: 'Dove', airportName: 'A' })).toBe('Dove at A')
  })
})

test.each([
  ['', { page: 'list' }],
  ['#/', { page: 'list' }],
  ['#/new', { page: 'new' }],
  ['#/device', { page: 'device' }],
  ['#/report/x', { page: 'report', id: 'x' }],
  ['#/report', { page: 'list' }],
  ['#/elsewhere', { page: 'list' }],
])('the fragment %j leads to %o', (hash, route) => {
  expect(routeOf(hash)).toEqual(route)
})

describe('an edit of a shared text', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '🐦', '🐧', ' ') })
  test('makes the one text of the other, and cuts no character in half', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const edit = editBetween(before, after)
        if (edit === null) return before === after
        const { index, removed, inserted } = edit
        const made = before.slice(0, index) + inserted + before.slice(index + removed)
        const parts = [before.slice(0, index), inserted, before.slice(index + removed)]
        return made === after && parts.every((part) => !/\p{Cs}/u.test(part))
      }),
    )
  })
})

test('whoever has no code is led to the tab as the console calls it', () => {
  const { label } = SETTINGS_PARTS.find(({ path }) => path === 'enrollment') ?? { label: '?' }
  const form = createElement(EnrollForm, { initialKey: '', onEnroll: () => undefined })
  expect(renderToStaticMarkup(form)).toContain(`under Settings, ${label}.`)
})

describe('what somebody else changed while a form was open', () => {
  const before = draftOf({ species: 'Gull', airportName: 'A', status: 'open' })
  const names = (draft: object, current: object): readonly string[] =>
    overtakenFields(before, { ...before, ...draft }, { ...before, ...current }).map(({ name }) => name)

  test('is told where saving would write over it, and nowhere else', () => {
    expect(names({ species: 'Killdeer' }, { species: 'Rock pigeon' })).toEqual(['species'])
    expect(names({ species: '' }, { species: 'Rock pigeon', airportName: 'B' })).toEqual(['species'])
    expect(names({ species: 'Killdeer' }, { airportName: 'B' })).toEqual([])
    expect(names({}, { species: 'Rock pigeon' })).toEqual([])
    expect(names({ species: 'Killdeer' }, { species: 'Killdeer' })).toEqual([])
    expect(names({ species: 'Killdeer' }, {})).toEqual([])
  })
})
