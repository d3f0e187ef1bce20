import { createLoader, parseAsInteger, parseAsString } from 'nuqs/server'
import { SHARED } from '../search-params.ts'

/** The lab's state: which collection, which run, by which clocks the next one goes, and what is looked at. */
export const LAB = {
  ...SHARED,
  collection: parseAsString,
  run: parseAsString,
  off: parseAsInteger.withDefault(0),
  /** `COLUMN.FINDING`, as `lww.lost_update`, or `COLUMN.differs`. */
  show: parseAsString,
}
export const loadLab = createLoader(LAB)
