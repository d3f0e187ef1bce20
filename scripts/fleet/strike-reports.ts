import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { JsonObject } from '#lib/kernel/json.ts'

const FILE = new URL('./data/birdstrikes.csv.gz', import.meta.url)

const numberOf = (text: string): number | null => (text === '' ? null : Number(text))
const textOf = (text: string): string | null => (text === '' ? null : text)

/** One line of the file as a record of `strike-reports`. The file quotes nothing, so a comma always parts. */
function reportOf(line: string): JsonObject {
  const cells = line.split(',')
  const cell = (index: number): string => cells[index] ?? ''
  return {
    airportName: cell(0),
    aircraft: textOf(cell(1)),
    damage: textOf(cell(2)),
    flightDate: cell(3),
    operator: textOf(cell(4)),
    originState: textOf(cell(5)),
    phaseOfFlight: textOf(cell(6)),
    wildlifeSize: textOf(cell(7)),
    species: textOf(cell(8)),
    timeOfDay: textOf(cell(9)),
    costOtherUsd: numberOf(cell(10)),
    costRepairUsd: numberOf(cell(11)),
    costTotalUsd: numberOf(cell(12)),
    speedIasKnots: numberOf(cell(13)),
    remarks: null,
    status: 'open',
    inspectedBy: null,
  }
}

/** The 10,000 real strike reports, by airport, in the order of the file. */
export function loadStrikeReports(): ReadonlyMap<string, readonly JsonObject[]> {
  const lines = gunzipSync(readFileSync(FILE)).toString('utf8').trim().split(/\r?\n/).slice(1)
  const byAirport = new Map<string, JsonObject[]>()
  for (const report of lines.map(reportOf)) {
    const airport = String(report['airportName'])
    const reports = byAirport.get(airport)
    if (reports) reports.push(report)
    else byAirport.set(airport, [report])
  }
  return byAirport
}
