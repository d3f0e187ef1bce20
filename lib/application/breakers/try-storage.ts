import type { Context } from '../context.ts'
import { isStorageError } from '../errors.ts'
import { ENGINE_SCOPE, isWide } from './scopes.ts'

/** How often the storage is tried while its breaker is open: well within what a restart of a database takes. */
export const STORAGE_TRIED_EVERY_MS = 500

/**
 * BR7: while the breaker of the engine is open, the server itself tries the storage, so that nobody waits for one that is
 * back. Once it answers, engine and fleets let their probes in. A fleet whose breaker tripped alone isn't concerned.
 */
export async function tryStorage({ breakers, storage }: Context): Promise<void> {
  if (!breakers.isUntried(ENGINE_SCOPE)) return
  try {
    await storage.ping()
  } catch (error) {
    // That it is away is what the open breaker says.
    if (isStorageError(error, 'storage_unavailable')) return
    throw error
  }
  for (const { scope } of breakers.notClosed(isWide)) breakers.answers(scope)
}
