import type { Strategy } from './decision.ts'

/** Edit × delete where edits merge by themselves (CS9): the edit wins, whichever came first. */
export const decideEditWins: Strategy = (_base, current, _mutation, { local }) => {
  if (local === null) return current.data === null ? { kind: 'same' } : { kind: 'remote', fields: [''] }
  return { kind: 'local', fields: [''] }
}
