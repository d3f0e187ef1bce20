/** Rows of the heat map of contested fields; what is past them is counted together. */
export const HEAT_FIELDS_MAX = 20
/** Columns are as wide as a finger. */
export const FIELD_HEAT_COLUMNS_MAX = 60

/** One field of one collection, and how often both sides of a conflict had changed it. */
export interface ContestedField {
  readonly collection: string
  /** As the conflicts' filter names it: a JSON Pointer, or `record` for the whole record. */
  readonly place: string
  readonly count: number
  /** Of its collection's conflicts; null where those were not counted. */
  readonly share: number | null
}

/** What a collection's changes met in the range. */
export interface ContestedCollection {
  readonly name: string
  readonly conflicts: number
  /** Changes that were pushed: the denominator of the conflict rate. */
  readonly pushed: number
  /** Most contested first, at most HEAT_FIELDS_MAX. */
  readonly fields: readonly ContestedField[]
}

/** Conflicts by field over time. A conflict over two fields is in two rows. Times in ms. */
export interface ConflictHeat {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  /** Most contested first, at most HEAT_FIELDS_MAX. */
  readonly rows: readonly ContestedField[]
  /** All the fields there are, those past the rows among them. */
  readonly fields: number
  /** A count for each row, and last one for all other fields together; null where telemetry is missing. */
  readonly columns: readonly { readonly atMs: number; readonly counts: readonly number[] | null }[]
  /** By name. */
  readonly collections: readonly ContestedCollection[]
}
