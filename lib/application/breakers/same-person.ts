import type { Context } from '../context.ts'
import { fleetOfScope } from './scopes.ts'

/**
 * Whether two actors are one person as far as is known: the same account or key, or a key and who made it. Whoever asked
 * must not agree by a key of their own (BR4).
 */
export async function isSamePerson(
  ctx: Pick<Context, 'storage'>,
  scope: string,
  asked: string,
  agrees: string,
): Promise<boolean> {
  if (asked === agrees) return true
  const [one, other] = await Promise.all([asked, agrees].map((id) => makerOf(ctx, scope, id)))
  return one === other
}

/** Who made the key of this id, by the audit log, through keys that made keys; the id itself of whatever is no such key. */
async function makerOf({ storage }: Pick<Context, 'storage'>, scope: string, id: string): Promise<string> {
  let maker = id
  for (let step = 0; step < KEYS_FOLLOWED_MAX; step++) {
    const target = `api-key/${maker}`
    // A key is for one fleet or for all, and its entry stands there.
    const entries = await Promise.all(
      [fleetOfScope(scope), null].map((fleetId) => storage.audit.ofTarget(fleetId, target, ENTRIES_MAX)),
    )
    const made = entries.flat().find(({ action }) => action === 'api-key.create')
    if (made === undefined || made.actor.kind === 'system') return maker
    maker = made.actor.id
  }
  return maker
}

const KEYS_FOLLOWED_MAX = 10
/** More than anybody changes one key. */
const ENTRIES_MAX = 1_000
