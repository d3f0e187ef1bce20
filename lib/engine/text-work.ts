import type { CrdtStates } from '#lib/protocol/crdt.ts'

/** What a change of a text is: checked, and each part of it found its place, at 2.4 µs a character where they lie scattered. */
export const CHANGE_UNITS_PER_CHAR = 5
/** What it is joined with is written and read whole: 0.07 µs a character on a machine of today, and so much for a slow one. */
export const STATE_CHARS_PER_UNIT = 2
/** States of several lives are loaded for one change, none of which is at hand. */
export const TEXT_UNITS_PER_CHAR = 2
/** The others of the record are only read. */
export const TEXT_CHARS_READ_PER_UNIT = 16

/** How long the texts are that are touched, as they are stored. */
export const charsOf = (states: CrdtStates, touched: CrdtStates): number =>
  Object.keys(touched).reduce((sum, path) => {
    const state = Object.hasOwn(states, path) ? states[path] : undefined
    return sum + (state?.kind === 'text' ? state.update.length : 0)
  }, 0)
