/** What pages need of the engine's breaker: its words and bounds, none of its decisions. Light enough for the browser. */
export type { BreakerKind, BreakerSettings, ForcedKind } from '#lib/engine/breaker/breaker.ts'
export { FORCED_KINDS, isForced } from '#lib/engine/breaker/breaker.ts'
export { WINDOW_SECONDS } from '#lib/engine/breaker/window.ts'
export type { BreakerTransition } from '#lib/storage/ports.ts'
