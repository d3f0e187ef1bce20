/** The invariants of the design (docs/simulation.md names them). */
export type Invariant = 'C' | 'A' | 'E' | 'M' | 'R' | 'B' | 'Z' | 'L' | 'T'

export interface Violation {
  readonly invariant: Invariant
  readonly text: string
}
