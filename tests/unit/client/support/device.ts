import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import type { ReplicaOptions } from '#lib/client/open-replica.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import type { Authority } from './authority.ts'
import { createAuthority } from './authority.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { createVirtualClock } from './virtual-clock.ts'

export const DEVICE = { name: 'Tablet 7', platform: 'android', appVersion: '1.2.0' } as const

export interface World {
  /** The device's clock; the server's is right. */
  readonly clock: VirtualClock
  readonly authority: Authority
  readonly disk: MemoryDisk
  open(options?: { [K in keyof ReplicaOptions]?: ReplicaOptions[K] | undefined }): Promise<Replica>
}

/** One device and its server. Sessions run only by `sync()` unless a test turns `auto` on. */
export function createWorld(pageSize?: number, clockErrorMs = 0): World {
  const clock = createVirtualClock()
  if (clockErrorMs !== 0) clock.jump(clockErrorMs)
  const authority = createAuthority(() => clock.now() - clockErrorMs, pageSize)
  const disk = createMemoryDisk()
  let opened = 0
  return {
    clock,
    authority,
    disk,
    open: (options = {}) =>
      openReplica({
        url: 'http://authority.test',
        enrollmentKey: 'tme_key',
        device: DEVICE,
        store: openMemoryStore(disk),
        clock,
        random: seededRandom(++opened),
        fetch: authority.fetch,
        sync: { auto: false },
        ...options,
      } as ReplicaOptions),
  }
}

/** Lets `allowed` transactions through, then dies: `before` it would commit, or right `after`. */
export function dyingStore(
  store: ReplicaStore,
  allowed: number,
  moment: 'before' | 'after',
): ReplicaStore & { readonly isDead: () => boolean } {
  let left = allowed
  let isDead = false
  return {
    ...store,
    isDead: () => isDead,
    async transact(work) {
      if (isDead) throw new Error('the process has died')
      if (left-- > 0) return store.transact(work)
      isDead = true
      if (moment === 'after') await store.transact(work)
      throw new Error('the process dies')
    },
  }
}
