import { createLoader, createParser, parseAsString } from 'nuqs/server'
import { LAB_CLOCKS_OFF_MAX_MS } from '#lib/protocol/limits.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { SHARED } from '../search-params.ts'

/** What is no id names nothing, as one that there is not. */
const id = createParser({
  parse: (text) => uuid.safeParse(text).data ?? null,
  serialize: (text: string) => text,
})

const clocksOff = createParser({
  parse: (text) => (/^\d{1,12}$/.test(text) && Number(text) <= LAB_CLOCKS_OFF_MAX_MS ? Number(text) : null),
  serialize: String,
})

/** The lab's state: which collection, which run, by which clocks the next one goes, and what is looked at. */
export const LAB = {
  ...SHARED,
  collection: id,
  run: id,
  /** In ms. */
  off: { ...clocksOff.withDefault(0), choices: ['ms, up to a week'] },
  /** `COLUMN.FINDING`, as `lww.lost_update`, or `COLUMN.differs`. */
  show: parseAsString,
}
export const loadLab = createLoader(LAB)
