import { resultText } from '#lib/engine/result-text.ts'
import type { EffectiveResult } from '#lib/protocol/push.ts'
import { assert } from '#lib/kernel/result.ts'
import { fromJson } from './values.ts'

/** A plain `applied` is told by its row's version: most results are, and none of those is stored twice. */
export function resultToStore(result: EffectiveResult, version: number | null): string | null {
  const isPlain =
    result.status === 'applied' &&
    result.version === version &&
    !result.record &&
    result.revision === undefined
  return isPlain ? null : resultText(result)
}

export function resultOf(row: {
  mutation_id: string
  version: number | null
  result: unknown
}): EffectiveResult {
  if (row.result !== null) return fromJson<EffectiveResult>(row.result)
  assert(row.version !== null, `mutation ${row.mutation_id} has a result or a version`)
  return { id: row.mutation_id, status: 'applied', version: row.version }
}
