import { accessTo } from '../devices/access.ts'
import type { Caller } from '../devices/directory.ts'
import type { BreakerChange, Breakers } from './breakers.ts'
import { collectionOfScope, fleetOfScope } from './scopes.ts'

/** What a device that holds no stream is told in `Tidemark-Commands`. It has no id: there is nothing to acknowledge. */
export type BreakerNotice = { readonly type: 'breaker' } & BreakerChange

/** The breakers that keep a device's collections shut. Those of engine and fleet answer for themselves. */
export function openNotices(
  breakers: Breakers,
  caller: Pick<Caller, 'device'> | null,
): readonly BreakerNotice[] {
  if (!caller || breakers.areClosed) return []
  const { device } = caller
  return breakers
    .notClosed((scope) => {
      const collection = collectionOfScope(scope)
      if (collection === null || fleetOfScope(scope) !== device.fleetId) return false
      return accessTo(device.access, collection) !== null
    })
    .map((change) => ({ type: 'breaker', ...change }))
}
