import type { Sketch } from './sketch.ts'
import { forEachSlot } from './sketch.ts'

/**
 * How many values of a sketch lie in each band. A value whose slot reaches over a border counts where the slot's middle
 * lies: at most 1 % off, as all that a sketch says.
 * @param borders where one band ends and the next begins, ascending; the last band has no end
 * @returns one count more than there are borders
 */
export function countsInBands(sketch: Sketch, borders: readonly number[]): readonly number[] {
  const counts = Array.from({ length: borders.length + 1 }, () => 0)
  forEachSlot(sketch, (value, count) => {
    const above = borders.findIndex((border) => value < border)
    const band = above === -1 ? borders.length : above
    counts[band] = (counts[band] ?? 0) + count
  })
  return counts
}
