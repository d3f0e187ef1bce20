/** The fields of a strike report as the form has them; the collection's schema is what judges (docs/field.md). */

export type FieldKind = 'line' | 'area' | 'date' | 'number' | 'choice'

export interface ReportField {
  readonly name: string
  readonly label: string
  readonly kind: FieldKind
  readonly required?: true
  readonly maxLength?: number
  readonly max?: number
  readonly choices?: readonly string[]
  readonly hint?: string
}

export const REPORTS = 'strike-reports'

/** What several devices change at once without anybody having to choose. */
export const MERGING_FIELDS = ['tags', 'animalsFound', 'sharedRemarks']

export const STATUSES = ['open', 'inspected', 'closed']

export const REPORT_FIELDS: readonly ReportField[] = [
  { name: 'airportName', label: 'Airport', kind: 'line', required: true, maxLength: 120 },
  { name: 'flightDate', label: 'Date', kind: 'date', required: true },
  { name: 'status', label: 'Status', kind: 'choice', required: true, choices: STATUSES },
  { name: 'species', label: 'Species', kind: 'line', maxLength: 80 },
  {
    name: 'wildlifeSize',
    label: 'Size of the animal',
    kind: 'choice',
    choices: ['Small', 'Medium', 'Large'],
  },
  { name: 'damage', label: 'Damage', kind: 'choice', choices: ['None', 'Minor', 'Medium', 'Substantial'] },
  { name: 'aircraft', label: 'Aircraft', kind: 'line', maxLength: 80 },
  { name: 'operator', label: 'Operator', kind: 'line', maxLength: 120 },
  { name: 'originState', label: 'State of origin', kind: 'line', maxLength: 80 },
  { name: 'phaseOfFlight', label: 'Phase of flight', kind: 'line', maxLength: 40 },
  { name: 'timeOfDay', label: 'Time of day', kind: 'choice', choices: ['Dawn', 'Day', 'Dusk', 'Night'] },
  { name: 'speedIasKnots', label: 'Speed, knots', kind: 'number', max: 2_000 },
  { name: 'costRepairUsd', label: 'Repair, US dollars', kind: 'number', max: 1_000_000_000 },
  { name: 'inspectedBy', label: 'Inspected by', kind: 'line', maxLength: 120 },
  { name: 'remarks', label: 'Remarks', kind: 'area', maxLength: 4_000 },
  {
    name: 'photoNote',
    label: 'Photo note',
    kind: 'area',
    maxLength: 2_000,
    hint: 'What the photograph shows and where it is kept',
  },
]

const LABELS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(REPORT_FIELDS.map(({ name, label }) => [name, label])),
  tags: 'Tags',
  animalsFound: 'Animals found',
  sharedRemarks: 'Shared remarks',
}

/** A field's name for people; of one that the form doesn't have, the name itself. */
export const labelOf = (field: string): string => LABELS[field] ?? field
