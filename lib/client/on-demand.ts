import { ReplicaError } from './errors.ts'

/**
 * A part of the SDK that isn't loaded yet. A transaction can't wait for it: it fails with this, leaves nothing, and is
 * run again once `load` is done (tight-store.ts).
 */
export const notLoaded = (load: () => Promise<void>): ReplicaError =>
  new ReplicaError('not_loaded', '', [], load)

/** The one way to a part that is fetched when it is first needed: where it can't be, that is told with its code. */
export const fetched = <T>(part: Promise<T>): Promise<T> =>
  part.catch((error: unknown) => {
    throw new ReplicaError('not_loaded', String(error), [], error)
  })

/** A chunk of its own: an app that has no use for it never fetches it. */
function onDemand<T>(load: () => Promise<T>): () => T {
  let part: T | null = null
  return () => {
    if (part) return part
    throw notLoaded(async () => {
      part = await load()
    })
  }
}

/** Counters, sets, registers and texts. */
export const crdtParts = onDemand(async () => (await import('./crdt-parts.ts')).crdtParts)

/** Texts and JSON under operational transformation. */
export const otParts = onDemand(async () => (await import('./ot-parts.ts')).otParts)

/** Up-migrations, where something is held that is older than what the app works with. */
export const evolutionParts = onDemand(async () => (await import('./evolution-parts.ts')).evolutionParts)

/** What becomes of a device's work where it takes another id, the server was restored, refused or decided, or the store is full. */
export const forkParts = onDemand(async () => (await import('./fork-parts.ts')).forkParts)

/** The hash of what the device holds, which it tells once a day. */
export const stateReport = onDemand(async () => (await import('./state-report.ts')).stateReport)

/**
 * Runs `work` in a transaction, again for as long as it meets a part that has to be loaded first. Where one can't be, that
 * is what the caller hears, unless the transaction ended by a trouble of the store's own (SDK3).
 */
export async function withParts<Tx, T>(
  transact: (work: (tx: Tx) => Promise<T>) => Promise<T>,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  for (;;) {
    let met: unknown
    try {
      return await transact((tx) =>
        work(tx).catch((error: unknown) => {
          met = error
          throw error
        }),
      )
    } catch (error) {
      const load = (met as { readonly cause?: unknown } | undefined)?.cause
      if (typeof load !== 'function') throw error
      await fetched(load()).catch((failure: unknown) => {
        throw error === met ? failure : error
      })
    }
  }
}
