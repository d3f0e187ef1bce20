import type { Strategy } from './decision.ts'
import { differingFields } from './differing-fields.ts'

/** First write wins (CS2): whatever was not made on the current version goes to a person, equal or not. */
export const decideFww: Strategy = (_base, current, _mutation, { local }) => ({
  kind: 'person',
  strategy: 'fww',
  fields: differingFields(local, current.data),
})
