import type { Collection } from '#lib/client/collection.ts'

/**
 * Writes of this page that are not in the store yet: an update of the app waits for them. A write of the SDK is durable
 * when it returns, so once none is left nothing can be lost by a reload.
 */
const running = new Set<Promise<unknown>>()

/** Follows a write to its end. */
export function follow<T>(write: Promise<T>): Promise<T> {
  const followed = write.catch(() => undefined).finally(() => running.delete(followed))
  running.add(followed)
  return write
}

/** A collection whose writes are followed: for components that know nothing of this page. */
export const followed = (
  collection: Pick<Collection, 'put' | 'patch' | 'remove'>,
): Pick<Collection, 'put' | 'patch' | 'remove'> => ({
  put: (...write) => follow(collection.put(...write)),
  patch: (...write) => follow(collection.patch(...write)),
  remove: (...write) => follow(collection.remove(...write)),
})

/** When all that was begun is in the store, or has failed and said so. */
export async function writesSettled(): Promise<void> {
  while (running.size > 0) await Promise.all(running)
}
