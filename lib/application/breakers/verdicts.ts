import { isApplicationError, isStorageError, lockTimeoutOf } from '../errors.ts'
import type { Verdict } from './pass.ts'
import type { Scope } from './scopes.ts'
import { collectionOfScope, isWide, versionOfScope } from './scopes.ts'

type Verdicts = (scope: Scope) => Verdict

export const ALL_GOOD: Verdicts = () => 'good'
const ALL_VOID: Verdicts = () => 'void'

/**
 * What a request that failed says about each scope that it entered (BR2): a stream that could not be locked is its
 * collection's failure alone, any other failure of the storage that of engine and fleet, and one of our own the fleet's
 * and the app version's, whose data met it. Whatever the caller is to be told of, by a 4xx or because it was shed, says nothing.
 */
export function verdictsOf(error: unknown): Verdicts {
  const cause = isApplicationError(error) && error.cause !== undefined ? error.cause : error
  const stuck = lockTimeoutOf(cause)?.collection ?? null
  if (stuck !== null)
    return (scope) =>
      scope.startsWith('collection:') && collectionOfScope(scope) === stuck ? 'failed' : 'void'
  if (isStorageError(cause, 'storage_unavailable') || isStorageError(cause, 'contention'))
    return (scope) => (isWide(scope) ? 'failed' : 'void')
  if (isApplicationError(error)) return ALL_VOID
  return (scope) => (meetsData(scope) ? 'failed' : 'void')
}

/** What an error of our own may lie in: a fleet's data, and what one version of its app sends. */
const meetsData = (scope: Scope): boolean => scope.startsWith('fleet:') || versionOfScope(scope) !== null
