import { STALE_AFTER_MS, type LiveState } from '#components/shell/live-connection.ts'
import { formatAge, formatDuration } from '#components/ui/format.ts'
import { StatusShape, type StatusKind } from '#components/ui/status.tsx'

export type LiveMarkProps = {
  state: LiveState
  /** How old the page's figures are. */
  ageMs: number
  nowMs: number
  /** Left out where there is nothing to pause. */
  onToggle?: () => void
}

/** A phone's bar has no room for more than their word. */
const LONG: ReadonlySet<LiveState['kind']> = new Set(['reconnecting', 'away'])

/** Says whether the page follows by itself, and how old it is. Pressing it pauses and resumes. */
export function LiveMark({ state, ageMs, nowMs, onToggle }: LiveMarkProps) {
  const { kind, word, detail } = sayLive(state, ageMs, nowMs)
  return (
    <button
      type="button"
      className="live"
      disabled={onToggle === undefined}
      aria-pressed={state.kind !== 'paused'}
      title={hint(state)}
      onClick={onToggle}
    >
      <StatusShape kind={kind} />
      <span>
        <b>{word}</b>
        <span className={LONG.has(state.kind) ? 'hide-s' : undefined}> · {detail}</span>
        {onToggle === undefined ? null : (
          <span className="sr">. {state.kind === 'paused' ? 'Resume' : 'Pause'} live updates</span>
        )}
      </span>
    </button>
  )
}

function hint({ kind }: LiveState): string {
  if (kind === 'away') return 'The database cannot be reached. This page follows again once it is back.'
  return kind === 'paused' ? 'Press to follow again' : 'Press to pause'
}

/** The words, apart from their drawing. Pure. */
export function sayLive(
  state: LiveState,
  ageMs: number,
  nowMs: number,
): { kind: StatusKind; word: string; detail: string } {
  const age = formatAge(ageMs)
  switch (state.kind) {
    case 'paused':
      return { kind: 'held', word: 'Paused', detail: age }
    case 'connecting':
      return { kind: 'unk', word: 'Connecting', detail: age }
    case 'away':
      return { kind: 'warn', word: 'Database away', detail: `as of ${age}` }
    case 'reconnecting': {
      const seconds = Math.max(0, Math.ceil((state.retryAtMs - nowMs) / 1_000))
      return {
        kind: 'unk',
        word: 'Reconnecting',
        detail: `${age}, retry in ${formatDuration(seconds * 1_000)}`,
      }
    }
    case 'live':
      // Connected, yet nothing has come: the stream is alive and the figures are old.
      return ageMs > STALE_AFTER_MS
        ? { kind: 'warn', word: 'Stale', detail: age }
        : { kind: 'ok', word: 'Live', detail: age }
  }
}
