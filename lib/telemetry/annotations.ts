export type AnnotationKind = 'release' | 'schema' | 'replay' | 'override' | 'trip'

/** Something that was done to a fleet and may explain what its charts show. */
export interface Annotation {
  /** Unix ms; of several at about the same time the first. */
  readonly atMs: number
  readonly kind: AnnotationKind
  /**
   * What: an app version, a collection with its schema version, or a breaker's scope by its name, with what a person did to
   * it; null where the kind says it all.
   */
  readonly what: string | null
  /** How many are told as one. */
  readonly count: number
}

/** Marks closer than this part of the range would lie on each other. */
const APART = 1 / 40

/**
 * Annotations that can be read beside each other, oldest first: those of one kind within a fortieth of the range are one.
 * Pure.
 */
export function gathered(
  all: readonly Annotation[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly Annotation[] {
  const apartMs = (toMs - fromMs) * APART
  const kept: Annotation[] = []
  const inRange = all.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
  for (const one of inRange.toSorted((a, b) => a.atMs - b.atMs)) {
    const at = kept.findIndex(({ kind, atMs }) => kind === one.kind && one.atMs - atMs < apartMs)
    const last = kept[at]
    if (last === undefined) kept.push(one)
    else
      kept[at] = {
        ...last,
        what: last.what === one.what ? last.what : null,
        count: last.count + one.count,
      }
  }
  return kept
}
