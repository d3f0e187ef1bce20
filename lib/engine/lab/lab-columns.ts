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

/** All ways that stand beside each other: as it is set, as somebody proposes, and every strategy for the whole of a document. */
export const waysOf = (
  current: LabSettings,
  proposed: LabSettings | null,
): readonly [LabWay, ...LabWay[]] => [
  {
    id: 'current',
    settings: {
      strategy: current.strategy,
      tieRule: current.tieRule,
      fieldStrategies: current.fieldStrategies,
    },
  },
  ...(proposed === null ? [] : [{ id: 'proposed', settings: proposed }]),
  way('lww', 'lww'),
  way('fww', 'fww'),
  way('manual', 'manual'),
  way('field-merge', 'lww', 'field-merge:lww'),
  way('field-merge', 'manual', 'field-merge:manual'),
  way('crdt', 'lww'),
  way('ot', 'lww'),
]

/** What a single field could be. `ot` reads its text as a plain value would, so it stands in no table of its own. */
export const FIELD_WAYS: readonly StrategyName[] = ['lww', 'fww', 'manual', 'crdt']
