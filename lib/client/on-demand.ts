/**
 * A part of the SDK that isn't loaded yet. A transaction can't wait for it: it fails with this, leaves nothing, and is
 * run again once `load` is done (tight-store.ts). Told by its name: a bundle of its own has this class a second time.
 */
export class NotLoaded extends Error {
  readonly load: () => Promise<void>

  constructor(load: () => Promise<void>) {
    super('A part of the SDK is not loaded yet.')
    this.name = 'NotLoaded'
    this.load = load
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return (value as { name?: unknown } | null)?.name === 'NotLoaded'
  }
}

/** A chunk of its own: an app that has no use for it never fetches it. */
function onDemand<T>(load: () => Promise<T>): () => T {
  let part: T | null = null
  return () => {
    if (part) return part
    throw new NotLoaded(async () => {
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
