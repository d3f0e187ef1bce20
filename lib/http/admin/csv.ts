export type CsvValue = string | number | boolean | null

/** What spreadsheets take for a formula (security check 46). */
const FORMULA = /^[=+\-@\t\r\n]/
const QUOTED = /[",\r\n]/

/**
 * One line of RFC 4180. A text that a spreadsheet would run is led by an apostrophe, which it shows as text; numbers are
 * ours and stay numbers. Unknown is empty. Pure.
 */
export const csvLine = (values: readonly CsvValue[]): string => `${values.map(cell).join(',')}\r\n`

function cell(value: CsvValue): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const inert = FORMULA.test(value) ? `'${value}` : value
  return QUOTED.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
