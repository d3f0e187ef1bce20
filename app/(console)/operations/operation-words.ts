import { formatCount, formatDuration, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { OperationView } from '#lib/application/operations/operation-view.ts'
import type { Preview } from '#lib/application/operations/preview-operation.ts'

export type Kind = OperationView['kind']
type State = OperationView['state']
export type Outcome = Preview['counts'][number]['outcome']

export const KINDS = ['replay', 'edit', 'discard', 'restore'] as const satisfies readonly Kind[]
/** A kind whose members are dead letters. */
export type LetterKind = (typeof KINDS)[number]

interface KindWords {
  readonly name: string
  readonly does: string
  readonly begin: string
}

/** What an operation of each kind is called, and what it does. A full Record. */
export const KIND_WORDS: Record<Kind, KindWords> = {
  replay: {
    name: 'Replay',
    does: 'Each runs again under its own id, against the record and the schema as they are then.',
    begin: 'Start the replay',
  },
  edit: {
    name: 'Edit and replay',
    does: 'Each is changed by the same edit and runs under a new id; what it was stays beside it.',
    begin: 'Start the edited replay',
  },
  discard: {
    name: 'Discard',
    does: 'Their changes will not reach the server. Payloads are kept, and can be restored within 30 days.',
    begin: 'Start the discard',
  },
  restore: {
    name: 'Restore',
    does: 'Each waits for a decision again, with what was discarded along with it.',
    begin: 'Start the restore',
  },
  resolve: {
    name: 'Decision by a rule',
    does: 'Each open conflict is decided by itself; what the rule says nothing of stays open.',
    begin: 'Start the decision',
  },
}

/** What it is called; also of a kind that a newer release beside this one has made. Pure. */
export const kindName = (kind: string): string =>
  Object.hasOwn(KIND_WORDS, kind) ? KIND_WORDS[kind as Kind].name : `Operation “${kind}”`

/** What its members are. Pure. */
export const memberNoun = (kind: string): 'letter' | 'conflict' =>
  kind === 'resolve' ? 'conflict' : 'letter'

export const STATE_WORDS: Record<State, { readonly kind: StatusKind; readonly words: string }> = {
  draft: { kind: 'unk', words: 'not started' },
  previewed: { kind: 'unk', words: 'previewed, not started' },
  running: { kind: 'ok', words: 'running' },
  paused: { kind: 'held', words: 'paused' },
  cancelling: { kind: 'held', words: 'being cancelled' },
  cancelled: { kind: 'unk', words: 'cancelled' },
  completed: { kind: 'ok', words: 'completed' },
  failed: { kind: 'crit', words: 'failed' },
}

/** What becomes of a letter or a conflict, as a prediction and as a fact. A full Record. */
export const OUTCOME_WORDS: Record<
  Outcome,
  {
    readonly kind: StatusKind
    /** Of letters that would come to it. */
    readonly words: string
    /** Of one that has. */
    readonly became: string
  }
> = {
  applied: { kind: 'ok', words: 'apply', became: 'applied' },
  merged: { kind: 'ok', words: 'merge, nothing lost', became: 'merged' },
  superseded: { kind: 'warn', words: 'have no effect: a newer change won', became: 'a newer change won' },
  conflict: { kind: 'warn', words: 'conflict, go to a person', became: 'a conflict, for a person' },
  duplicate: { kind: 'ok', words: 'had been applied before', became: 'had been applied before' },
  discarded: { kind: 'ok', words: 'discard', became: 'discarded' },
  restored: { kind: 'ok', words: 'open again', became: 'open again' },
  decided: { kind: 'ok', words: 'decide', became: 'decided' },
  undecided: { kind: 'held', words: 'stay open', became: 'stays open' },
  held: { kind: 'held', words: 'pass over: held behind one that stays dead', became: 'held, passed over' },
  closed: { kind: 'unk', words: 'pass over: settled meanwhile', became: 'settled meanwhile' },
  gone: { kind: 'unk', words: 'pass over: purged meanwhile', became: 'purged meanwhile' },
  cancelled: { kind: 'unk', words: 'passed over: cancelled', became: 'cancelled' },
  still_dead: { kind: 'crit', words: 'refused again', became: 'refused again' },
  refused: { kind: 'crit', words: 'refused', became: 'refused' },
  unpatchable: { kind: 'crit', words: 'the edit does not fit', became: 'the edit does not fit' },
  no_answer: { kind: 'crit', words: 'no lasting answer', became: 'no lasting answer' },
  later: { kind: 'held', words: 'no lasting answer for the moment; tried again', became: 'tried again' },
}

/** Why fewer letters run than the filter matches. Pure. */
export const leftOutWords = (letters: number): string =>
  letters === 1
    ? 'One that matches is left out: it is poisoned, as it died at one replay after the other.'
    : `${formatCount(letters)} that match are left out: they are poisoned, as each died at one replay after the other.`

/** The first line of a dry run. Pure. */
export function previewSentence(kind: LetterKind, { counts, matched, total, looked }: Preview): string {
  if (matched === 0) return 'The filter takes no dead letter'
  const good = sumOf(counts, ['applied', 'merged', 'duplicate', 'discarded', 'restored'])
  const verb = { replay: 'settle', edit: 'settle', discard: 'discard', restore: 'restore' }[kind]
  const of = looked < total ? `the first ${formatCount(looked)} of more than that` : formatCount(total)
  if (good === total) return `It would ${verb} all ${plural(total, 'letter')}`
  return `It would ${verb} ${formatCount(good)} of ${of}`
}

export const sumOf = (counts: Preview['counts'], outcomes: readonly Outcome[]): number =>
  counts.filter(({ outcome }) => outcomes.includes(outcome)).reduce((sum, { count }) => sum + count, 0)

/** The same outcomes together, most letters first; codes are told beside the examples. Pure. */
export function byOutcome(
  counts: Preview['counts'],
): readonly { readonly outcome: Outcome; readonly count: number; readonly codes: readonly string[] }[] {
  const outcomes = [...new Set(counts.map(({ outcome }) => outcome))]
  const rows = outcomes.map((outcome) => ({
    outcome,
    count: sumOf(counts, [outcome]),
    codes: counts.flatMap((one) => (one.outcome === outcome && one.code !== null ? [one.code] : [])),
  }))
  return rows.toSorted((a, b) => b.count - a.count)
}

/** One outcome: of how many letters the dry run said it, and of how many it has become true. */
export interface Compared {
  readonly outcome: Outcome
  readonly foretold: number
  readonly became: number
}

/** What the dry run said beside what became, most letters first. Pure. */
export function besideDryRun(foretold: Preview['counts'], became: Preview['counts']): readonly Compared[] {
  return byOutcome([...foretold, ...became]).map(({ outcome }) => ({
    outcome,
    foretold: sumOf(foretold, [outcome]),
    became: sumOf(became, [outcome]),
  }))
}

/**
 * Whether a completed operation came out as its dry run had said. Counts are compared, not letters: two letters that swapped
 * their outcomes are not seen, so a difference is told as the least that it can be. Pure.
 */
export function dryRunSentence(
  { state, total, kind }: Pick<OperationView, 'state' | 'total' | 'kind'>,
  looked: number,
  rows: readonly Compared[],
): string {
  if (state !== 'completed') return 'What the dry run said, and what became of them so far'
  if (looked < total)
    return `What the dry run said of the first ${formatCount(looked)}, and what became of all`
  const others = rows.reduce((sum, { foretold, became }) => sum + Math.max(0, became - foretold), 0)
  return others === 0
    ? 'It came out as the dry run had said'
    : `At least ${formatCount(others)} of ${plural(total, memberNoun(kind))} came out otherwise than the dry run had said`
}

/** "at least 64 s at 20 a second": its first stages, and the server, may take longer. Pure. */
export const durationAt = (count: number, ratePerSecond: number): string =>
  `at least ${formatDuration(Math.ceil(count / ratePerSecond) * 1_000)} at ${formatCount(ratePerSecond)} a second`

const settled = ({ done, skipped, errored }: OperationView): number => done + skipped + errored

/** What whoever paused it by hand said; the server's own reason stands in the first line. Null for none. Pure. */
export const pausedWords = ({ pause }: Pick<OperationView, 'pause'>): string | null =>
  pause?.by === 'person' && pause.detail !== '' ? `Paused: “${pause.detail}”.` : null

/** The first line of an operation's page. Pure. */
export function operationSentence(view: OperationView): string {
  const { kind, state, total, done, skipped, errored, pause } = view
  const name = kindName(kind)
  const many = (count: number): string => plural(count, memberNoun(kind))
  const of = `${formatCount(settled(view))} of ${many(total)}`
  switch (state) {
    case 'draft':
    case 'previewed':
      return `${name} of ${many(total)} has not started`
    case 'running':
      return `${name} is running: ${of}`
    case 'paused':
      return pause === null || pause.by === 'person'
        ? `${name} is paused by a person at ${of}`
        : `${name} paused itself at ${of}: ${pause.detail}`
    case 'cancelling':
      return `${name} is being cancelled at ${of}`
    case 'cancelled':
      return `${name} was cancelled after ${formatCount(done + errored)} of ${many(total)}`
    case 'failed':
      return `${name} failed at ${of}`
    case 'completed':
      if (errored > 0) return `${name} is done; ${many(errored)} of ${formatCount(total)} failed`
      return skipped > 0
        ? `${name} is done; ${many(skipped)} of ${formatCount(total)} ${skipped === 1 ? 'was' : 'were'} passed over`
        : `${name} is done: all ${many(total)}`
  }
}

/** "stage 2 of 4, up to 11 of 48,213". Pure. */
export function stageWords({ stage, stageEndsAt, total }: OperationView): string {
  return stageEndsAt === null || stageEndsAt >= total
    ? `stage ${stage}: the rest, up to ${formatCount(total)}`
    : `stage ${stage}: up to ${formatCount(stageEndsAt)} of ${formatCount(total)}`
}

/** The first line of the list. Pure. */
export function listSentence(rows: readonly Pick<OperationView, 'state' | 'pause'>[], more: boolean): string {
  if (rows.length === 0) return 'No bulk action was made yet'
  const running = rows.filter(({ state }) => state === 'running').length
  const paused = rows.filter(({ state }) => state === 'paused')
  const halted = paused.filter(({ pause }) => pause?.by !== 'person').length
  if (halted > 0)
    return `${plural(halted, 'bulk action')} paused ${halted === 1 ? 'itself and waits' : 'themselves and wait'} for a person`
  if (running > 0) return `${plural(running, 'bulk action')} ${running === 1 ? 'is' : 'are'} running`
  if (paused.length > 0)
    return `${plural(paused.length, 'bulk action')} ${paused.length === 1 ? 'is' : 'are'} paused`
  return more ? 'None of the newest bulk actions is running' : 'No bulk action is running'
}
