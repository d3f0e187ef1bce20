import type { PushSnapshot } from '#lib/storage/ports.ts'
import { isStorageError } from '../errors.ts'

/** What is loaded for all of these, or for the first of them where all are more than one read takes (`PlanTooLarge`). */
export async function loadSome<T>(
  all: readonly T[],
  load: (some: readonly T[]) => Promise<PushSnapshot>,
): Promise<{ readonly snapshot: PushSnapshot; readonly some: readonly T[] }> {
  for (let some = all; ; some = some.slice(0, Math.ceil(some.length / 2))) {
    try {
      return { snapshot: await load(some), some }
    } catch (error) {
      if (some.length <= 1 || !isStorageError(error, 'plan_too_large')) throw error
    }
  }
}
