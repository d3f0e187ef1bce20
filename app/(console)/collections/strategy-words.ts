import type { StrategyName, TieRule } from '#lib/protocol/device.ts'

/** What a strategy does with two changes of one record. A full Record. */
export const STRATEGY_WORDS: Readonly<Record<StrategyName, string>> = {
  lww: 'the last write stands',
  fww: 'the first write stands',
  'field-merge': 'fields are merged',
  crdt: 'joined as CRDTs',
  ot: 'texts are transformed',
  manual: 'a person decides',
}

export const TIE_WORDS: Readonly<Record<TieRule, string>> = {
  lww: 'the last write stands',
  fww: 'the first write stands',
  manual: 'a person decides',
}
