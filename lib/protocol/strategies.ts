/** How a collection's conflicts are decided (engine.md). Apart from the schemas, so that pages have the names without a schema library. */
export const STRATEGIES = ['lww', 'fww', 'field-merge', 'crdt', 'ot', 'manual'] as const
export type StrategyName = (typeof STRATEGIES)[number]
export const TIE_RULES = ['lww', 'fww', 'manual'] as const
export type TieRule = (typeof TIE_RULES)[number]
