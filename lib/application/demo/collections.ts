import type { JsonObject } from '#lib/kernel/json.ts'

/**
 * What the demo fleet works on: wildlife-strike reports filed at airports (the FAA's public database, as packaged
 * by vega-datasets), and the inspections that follow them. Costs in US dollars, speed in knots; null is not reported.
 */
export const DEMO_FLEET_NAME = 'Airfield US'

const text = (maxLength: number): JsonObject => ({ type: 'string', minLength: 1, maxLength })
const textOrNull = (maxLength: number): JsonObject => ({ type: ['string', 'null'], maxLength })
const dollars: JsonObject = { type: ['integer', 'null'], minimum: 0, maximum: 1_000_000_000 }
const oneOf = (...values: readonly (string | null)[]): JsonObject => ({ enum: values })
const isoDate: JsonObject = { type: 'string', format: 'date' }
const isoTime: JsonObject = { type: 'string', format: 'date-time' }

/** One strike report. App version 2.4.1 comes to write "" for a speed that nobody noted, which this refuses: the demo's dead letters. */
export const STRIKE_REPORT_SCHEMA: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Wildlife strike report',
  type: 'object',
  required: ['airportName', 'flightDate', 'status'],
  additionalProperties: false,
  properties: {
    airportName: text(120),
    aircraft: textOrNull(80),
    damage: oneOf('None', 'Minor', 'Medium', 'Substantial', 'B', 'C', null),
    flightDate: isoDate,
    operator: textOrNull(120),
    originState: textOrNull(80),
    phaseOfFlight: textOrNull(40),
    wildlifeSize: oneOf('Small', 'Medium', 'Large', null),
    species: textOrNull(80),
    timeOfDay: oneOf('Day', 'Night', 'Dawn', 'Dusk', null),
    costOtherUsd: dollars,
    costRepairUsd: dollars,
    costTotalUsd: dollars,
    speedIasKnots: { type: ['integer', 'null'], minimum: 0, maximum: 2_000 },
    status: oneOf('open', 'inspected', 'closed'),
    inspectedBy: textOrNull(120),
    remarks: textOrNull(4_000),
    photoNote: textOrNull(2_000),
    tags: { type: 'array', items: text(40), maxItems: 50 },
    animalsFound: { type: 'integer' },
    sharedRemarks: { type: 'string', maxLength: 20_000 },
  },
}

/** What several people change at once on the apron, and all of it counts: labels, a count and a text. */
const STRIKE_REPORT_CRDTS = { '/tags': 'crdt', '/animalsFound': 'crdt', '/sharedRemarks': 'crdt' } as const

/** One walk over a runway after a strike; the newest word counts. */
const INSPECTION_SCHEMA: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Runway inspection',
  type: 'object',
  required: ['airportName', 'inspectedAt', 'outcome'],
  additionalProperties: false,
  properties: {
    airportName: text(120),
    runway: text(20),
    inspectedAt: isoTime,
    inspector: text(120),
    outcome: oneOf('clear', 'debris', 'carcass', 'closed'),
    strikeReportId: { type: 'string', format: 'uuid' },
    remarks: textOrNull(4_000),
  },
}

/** As POST /api/admin/v1/collections takes them, but for the fleet. */
export const DEMO_COLLECTIONS = [
  {
    name: 'strike-reports',
    strategy: 'field-merge',
    tieRule: 'lww',
    fieldStrategies: STRIKE_REPORT_CRDTS,
    schema: STRIKE_REPORT_SCHEMA,
  },
  { name: 'inspections', strategy: 'lww', tieRule: 'lww', schema: INSPECTION_SCHEMA },
] as const
