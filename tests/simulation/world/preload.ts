import { need } from '#lib/client/crdt-text.ts'
import { crdtParts, forkParts, otParts, withParts } from '#lib/client/on-demand.ts'

/** Parts that are fetched in the first run that needs them would make a second run another one. */
export async function preloadParts(): Promise<void> {
  for (const part of [crdtParts, otParts, forkParts, () => need('text_not_loaded')])
    await withParts(async (meets) => {
      try {
        part()
      } catch (error) {
        meets(error)
        throw error
      }
    })
}
