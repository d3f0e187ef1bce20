/** By fleet, then by collection: where streams stand. */
export type GrownHeads = ReadonlyMap<string, ReadonlyMap<string, number>>

export interface SignalListener {
  /** What a process has committed, this one included. */
  readonly grown: (fleetId: string, heads: ReadonlyMap<string, number>) => void
  /** A control of a breaker was saved: whoever holds overrides is to look (decision 0061). */
  readonly controlled: () => void
  /** True once everything told from now on will be heard; false when something may have been missed, and why. */
  readonly hearing: (isHearing: boolean, reason?: string) => void
}

/**
 * Hints from process to process: at once, and at most once. Nothing may hang on them: what is lost is found by whoever
 * reads (NOTIFY wakes, polling is the truth).
 */
export interface SignalPort {
  /** Tells every process that listens. Call it after the commit. */
  tell(grown: GrownHeads): Promise<void>
  /** Listens until what it returns is called; a connection that breaks is opened again. */
  listen(listener: SignalListener): () => Promise<void>
}
