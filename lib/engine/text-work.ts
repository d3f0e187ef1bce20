import type { CrdtStates } from '#lib/protocol/crdt.ts'

/** A text is read, checked and joined whole: half a second takes what half a megabyte of its state says. */
export const TEXT_UNITS_PER_CHAR = 2
/** The others of the record are only read. */
export const TEXT_CHARS_READ_PER_UNIT = 16

/** How long the texts are that are touched, as they are stored. */
export const charsOf = (states: CrdtStates, touched: CrdtStates): number =>
  Object.keys(touched).reduce((sum, path) => {
    const state = Object.hasOwn(states, path) ? states[path] : undefined
    return sum + (state?.kind === 'text' ? state.update.length : 0)
  }, 0)
