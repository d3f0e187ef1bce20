import { jsonEqual } from '#lib/kernel/json.ts'
import type { Strategy } from './decision.ts'
import { differingFields } from './differing-fields.ts'

/** Both versions go to a person (CS6), unless they say the same. */
export const decideManual: Strategy = (_base, current, _mutation, { local }) =>
  jsonEqual(local, current.data)
    ? { kind: 'same' }
    : { kind: 'person', strategy: 'manual', fields: differingFields(local, current.data) }
