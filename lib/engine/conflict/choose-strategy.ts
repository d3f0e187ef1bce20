import { assert } from '#lib/kernel/result.ts'
import type { StrategyName } from '#lib/protocol/device.ts'
import type { ConflictContext, Strategy } from './decision.ts'
import { decideEditWins } from './edit-wins.ts'
import { decideFieldMerge } from './field-merge.ts'
import { decideFww } from './fww.ts'
import { decideLww } from './lww.ts'
import { decideManual } from './manual.ts'

const STRATEGIES: Partial<Record<StrategyName, Strategy>> = {
  lww: decideLww,
  fww: decideFww,
  manual: decideManual,
  crdt: decideEditWins,
}

/** With strategies for single fields the document is taken field by field, whatever the collection's own is. */
export const isByField = ({
  strategy,
  fieldStrategies,
}: Pick<ConflictContext, 'strategy' | 'fieldStrategies'>): boolean =>
  strategy === 'field-merge' || Object.keys(fieldStrategies).length > 0

/** The function of a collection's strategy. */
export function chooseStrategy(context: ConflictContext): Strategy {
  const { strategy } = context
  const chosen = isByField(context) ? decideFieldMerge : STRATEGIES[strategy]
  assert(chosen, `no collection of strategy ${strategy} can be made`)
  return chosen
}

/** DL6: a replay never overwrites newer work in silence, so only disjoint field-merge settles by itself. */
export function forReplay(context: ConflictContext): ConflictContext {
  const asks = (strategy: StrategyName): StrategyName => (strategy === 'field-merge' ? strategy : 'fww')
  const fields = Object.entries(context.fieldStrategies).map(
    ([pointer, strategy]) => [pointer, asks(strategy)] as const,
  )
  return {
    ...context,
    strategy: asks(context.strategy),
    fieldStrategies: Object.fromEntries(fields),
    tieRule: 'manual',
  }
}
