import type { StrategyName } from '#lib/protocol/device.ts'
import type { LabSettings } from './lab-report.ts'

/** A way to settle conflicts, by the name that it has in a report. */
export interface LabWay {
  readonly id: string
  readonly settings: LabSettings
}

const way = (strategy: StrategyName, tieRule: LabSettings['tieRule'], id: string = strategy): LabWay => ({
  id,
  settings: { strategy, tieRule, fieldStrategies: {} },
})

const WHOLE: readonly LabWay[] = [
  way('lww', 'lww'),
  way('fww', 'fww'),
  way('manual', 'manual'),
  way('field-merge', 'lww', 'field-merge:lww'),
  way('field-merge', 'manual', 'field-merge:manual'),
  way('crdt', 'lww'),
  way('ot', 'lww'),
]

/** All ways that stand beside each other: as it is set, as somebody proposes, and every other strategy for the whole of a document. */
export function waysOf(
  { strategy, tieRule, fieldStrategies }: LabSettings,
  proposed: LabSettings | null,
): readonly [LabWay, ...LabWay[]] {
  const current = { id: 'current', settings: { strategy, tieRule, fieldStrategies } }
  const others = WHOLE.filter(({ settings }) => !isSame(settings, current.settings))
  return [current, ...(proposed === null ? [] : [{ id: 'proposed', settings: proposed }]), ...others]
}

/** A tie rule is one of field-merge alone. */
const isSame = (one: LabSettings, current: LabSettings): boolean =>
  one.strategy === current.strategy &&
  Object.keys(current.fieldStrategies).length === 0 &&
  (one.strategy !== 'field-merge' || one.tieRule === current.tieRule)

/** What a single field could be. `ot` reads its text as a plain value would, so it stands in no table of its own. */
export const FIELD_WAYS: readonly StrategyName[] = ['lww', 'fww', 'manual', 'crdt']
