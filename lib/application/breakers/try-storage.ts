import type { Context } from '../context.ts'
import { isStorageError } from '../errors.ts'
import type { Scope } from './scopes.ts'
import { ENGINE_SCOPE, isWide } from './scopes.ts'

/** How often the storage is tried while a breaker waits for it: well within what a restart of a database takes. */
export const STORAGE_TRIED_EVERY_MS = 500

/**
 * BR7: while the breaker of the engine is open, the server itself tries the storage, so that nobody waits for one that is
 * back: once it answers, engine and fleets let their probes in. A fleet whose breaker tripped alone isn't concerned. And
 * where a breaker waits for probes and nobody calls, the server makes them: what nobody uses doesn't stay half open.
 */
export async function tryStorage(ctx: Context): Promise<void> {
  const { breakers } = ctx
  if (breakers.isUntried(ENGINE_SCOPE) && (await answers(ctx)))
    for (const { scope } of breakers.notClosed(isWide)) breakers.answers(scope)
  for (const scope of breakers.idle(isStored)) {
    let left = breakers.settingsOf(scope).probes
    while (left > 0 && (await probe(ctx, scope))) left -= 1
  }
}

/** A backend can be tried with nothing but a change that it would have to answer for. */
const isStored = (scope: Scope): boolean => !scope.startsWith('backend:')

async function answers({ storage }: Pick<Context, 'storage'>): Promise<boolean> {
  try {
    await storage.ping()
    return true
  } catch (error) {
    // That it is away is what the open breaker says.
    if (isStorageError(error, 'storage_unavailable')) return false
    throw error
  }
}

/** One call of a scope by the server itself; false where it went badly, or another one is being made. */
async function probe(ctx: Context, scope: Scope): Promise<boolean> {
  const pass = ctx.breakers.begin()
  if (pass.enter([scope])) return false
  let isGood = false
  try {
    isGood = await answers(ctx)
  } finally {
    pass.end(() => (isGood ? 'good' : 'failed'), SYNTHETIC)
  }
  return isGood
}

const SYNTHETIC = { cause: 'synthetic probe of the storage', deviceId: null, fleetId: null }
