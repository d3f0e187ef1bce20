import type { ReactNode } from 'react'

/** A component in its states, on the page that shows all of them. */
export type Specimen = {
  /** The files of components/ that are seen here: "ui/button". */
  files: readonly string[]
  states: readonly SpecimenState[]
}

export type SpecimenState = {
  /** What is to be seen: "hover", "too few", "long text". */
  name: string
  /** As wide as the page; else several stand beside each other. */
  wide?: boolean
  show: () => ReactNode
}

/** One clock for all of them, that of the mocks: Tue 24 Nov 2026, 14:32:08 UTC. */
export const NOW_MS = Date.UTC(2026, 10, 24, 14, 32, 8)
export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS

export const LONG_WORDS =
  'The inspection of the northern apron of Dallas Fort Worth International Airport, second shift, by the night operations team'
