import type { JsonObject } from '#lib/kernel/json.ts'

/** "Killdeer at DALLAS/FORT WORTH INTL": what a report is called in lists. Pure. */
export function reportTitle(data: JsonObject): string {
  const { species, airportName } = data
  const where = typeof airportName === 'string' && airportName !== '' ? airportName : 'an airport not named'
  return typeof species === 'string' && species !== '' ? `${species} at ${where}` : `Strike at ${where}`
}
