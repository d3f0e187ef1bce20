/** How a fleet behaves. Rates are chances from 0 to 1; times in milliseconds are means unless they say otherwise. */
export interface Profile {
  /** Between two changes of one device. */
  readonly thinkMs: number
  readonly onlineMs: number
  /** 0: the device never goes offline. */
  readonly offlineMs: number
  /** Per request: refused before it is sent, answer lost, sent twice, and the longest added delay. */
  readonly dropRate: number
  readonly lostAnswerRate: number
  readonly duplicateRate: number
  readonly delayMsMax: number
  /** Clocks are off by up to this, either way. */
  readonly skewMsMax: number
  /** Share of the reports created on the faulty app version that the schema refuses. */
  readonly poisonRate: number
  /** From this time of the run on; before it that version sends what the schema takes. */
  readonly poisonAfterMs: number
  /** Share of changes that amend one of a few reports that everybody at the airport amends. */
  readonly hotRate: number
  /** All devices lose the network together for this long, once, after a third of the run. */
  readonly outageMs: number
}

const BASE: Profile = {
  thinkMs: 20_000,
  onlineMs: 240_000,
  offlineMs: 45_000,
  dropRate: 0.002,
  lostAnswerRate: 0.002,
  duplicateRate: 0.002,
  delayMsMax: 150,
  skewMsMax: 2_000,
  poisonRate: 0.04,
  poisonAfterMs: 0,
  hotRate: 0.09,
  outageMs: 0,
}

export const PROFILES = {
  /** All is well: of a version's reports one in two hundred is refused, which is for its group of letters and calls nobody. */
  steady: { ...BASE, poisonRate: 0.005 },
  flaky: { ...BASE, dropRate: 0.1, lostAnswerRate: 0.08, duplicateRate: 0.05, delayMsMax: 2_000 },
  storm: { ...BASE, thinkMs: 5_000, outageMs: 60_000 },
  skew: { ...BASE, skewMsMax: 3_600_000 },
  /** The demo’s story: all is well, until one app version sends enough of what can never apply for the verdict to name it. */
  release: { ...BASE, poisonRate: 0.3, poisonAfterMs: 5 * 60_000 },
  poison: { ...BASE, poisonRate: 0.8 },
  // Clocks that disagree: by the last write alone, the later change then loses to a clock that is ahead.
  conflict: { ...BASE, thinkMs: 5_000, hotRate: 0.7, skewMsMax: 600_000 },
} as const satisfies Record<string, Profile>

export type ProfileName = keyof typeof PROFILES
export const isProfileName = (name: string): name is ProfileName => Object.hasOwn(PROFILES, name)
