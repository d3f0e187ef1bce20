import { createLoader, createParser, parseAsString } from 'nuqs/server'
import { OPERATION_LETTERS_MAX } from '#lib/protocol/limits.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { oneOf, SHARED } from '../../search-params.ts'
import { KINDS } from '../operation-words.ts'

/** Letters that were chosen by hand. */
const letters = {
  ...createParser({
    parse: (text) => {
      const ids = text.split(',')
      return ids.length <= OPERATION_LETTERS_MAX && ids.every((id) => uuid.safeParse(id).success) ? ids : null
    },
    serialize: (ids: readonly string[]) => ids.join(','),
  }),
  choices: [`at most ${OPERATION_LETTERS_MAX} ids`],
}

/** What a bulk action that is not made yet is about. */
export const NEW_OPERATION = {
  ...SHARED,
  kind: oneOf(KINDS, 'replay'),
  q: parseAsString.withDefault(''),
  letters,
}
export const loadNewOperation = createLoader(NEW_OPERATION)
