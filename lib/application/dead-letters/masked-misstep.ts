import type { PatchStep } from '#lib/engine/json-patch.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { ARRAY_INDEX, fromPointer } from '#lib/kernel/json-pointer.ts'
import { pathsFrom } from '#lib/protocol/masked-fields.ts'

/**
 * Why a JSON Patch would show what masked fields hold (DL20): a step that copies or moves a masked value to a place that is not
 * masked, one that tests it, which tells by trial what it is, or one that shifts the elements of a list of which single ones
 * are masked. Null where none does. Pure.
 * @param paths of what is masked
 */
export function maskedMisstep(steps: readonly PatchStep[], paths: readonly Path[]): string | null {
  for (const [i, step] of steps.entries()) {
    const wrong = misstep(step, paths)
    if (wrong !== null) return `step ${i + 1} ${wrong}`
  }
  return null
}

function misstep(step: PatchStep, paths: readonly Path[]): string | null {
  const path = fromPointer(step.path) ?? []
  if (step.op === 'test')
    return pathsFrom(paths, path).length > 0 ? `tests ${step.path}, which is masked` : null
  if (step.op === 'replace') return null
  const shifted = step.op === 'move' ? [path, fromPointer(step.from) ?? []] : [path]
  if (shifted.some((one) => shiftsMasked(one, paths)))
    return `shifts elements of a list of which some are masked, at ${step.path}`
  if (step.op !== 'copy' && step.op !== 'move') return null
  const masked = pathsFrom(paths, fromPointer(step.from) ?? [])
  const covers = covering(path, paths)
  const isKept = masked.every((one) => covers.some((cover) => holds(cover, one)))
  const verb = step.op === 'copy' ? 'copies' : 'moves'
  return isKept ? null : `${verb} what is masked at ${step.from} to ${step.path}, where it would be shown`
}

/** Whether what is masked by index stands in the list that an element goes into or out of. */
const shiftsMasked = (path: Path, paths: readonly Path[]): boolean =>
  ARRAY_INDEX.test(path.at(-1) ?? '') &&
  pathsFrom(paths, path.slice(0, -1)).some(([head]) => head !== undefined && ARRAY_INDEX.test(head))

/** What is masked from a place on, whatever index the end of a list has. */
function covering(path: Path, paths: readonly Path[]): readonly Path[] {
  let here = paths
  for (const key of path) {
    if (here.some((one) => one.length === 0)) return [[]]
    here = here.flatMap(([head, ...rest]) => (head === key || head === '*' ? [rest] : []))
  }
  return here
}

/** Whether all that lies at or below one path lies at or below the other. */
const holds = (outer: Path, inner: Path): boolean =>
  outer.length <= inner.length && outer.every((part, i) => part === '*' || part === inner[i])
