import type { CrdtParts } from './crdt-parts.ts'

/**
 * A part of the SDK that isn't loaded yet. A transaction can't wait for it: it fails with this, leaves nothing, and is
 * run again once `load` is done (tight-store.ts).
 */
export class NotLoaded extends Error {
  readonly load: () => Promise<void>

  constructor(load: () => Promise<void>) {
    super('A part of the SDK is not loaded yet.')
    this.load = load
  }
}

let parts: CrdtParts | null = null

/** Counters, sets and texts, in a chunk of their own: an app that has none never fetches it. */
export function crdtParts(): CrdtParts {
  if (parts) return parts
  throw new NotLoaded(async () => {
    parts = (await import('./crdt-parts.ts')).crdtParts
  })
}

/** Runs `attempt` again for as long as it meets a part that has to be loaded first. */
export async function withParts<T>(attempt: (meets: (error: unknown) => void) => Promise<T>): Promise<T> {
  for (;;) {
    let missing: NotLoaded | null = null
    try {
      return await attempt((error) => {
        if (error instanceof NotLoaded) missing = error
      })
    } catch (error) {
      const met = missing as NotLoaded | null
      if (!met) throw error
      await met.load()
    }
  }
}
