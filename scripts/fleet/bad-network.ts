import { setTimeout as pause } from 'node:timers/promises'
import type { Network } from '#lib/client/replica.ts'
import type { Random } from '#lib/kernel/random.ts'
import type { Profile } from './profiles.ts'

/** A device's network: it can be taken away, and while it is there it is as bad as the profile says. */
export interface BadNetwork extends Network {
  readonly fetch: typeof fetch
  setOnline(online: boolean): void
}

export function createBadNetwork(profile: Profile, random: Random): BadNetwork {
  const listeners = new Set<() => void>()
  let online = true
  const failWhenCut = (): void => {
    if (!online) throw new TypeError('fetch failed: the network is down')
  }
  const send: typeof fetch = async (input, init) => {
    failWhenCut()
    await pause(random() * profile.delayMsMax)
    failWhenCut()
    if (random() < profile.dropRate)
      throw new TypeError('fetch failed: connection refused by the simulated network')
    if (random() < profile.duplicateRate) await (await fetch(input, init)).arrayBuffer()
    const response = await fetch(input, init)
    if (random() < profile.lostAnswerRate) {
      await response.body?.cancel()
      throw new TypeError('fetch failed: the answer was lost')
    }
    failWhenCut()
    return response
  }
  return {
    fetch: send,
    isOnline: () => online,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    setOnline(next) {
      if (online === next) return
      online = next
      for (const listener of listeners) listener()
    },
  }
}
