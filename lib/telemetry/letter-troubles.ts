import { causeText, versionsText } from '#lib/protocol/dead-letter-cause.ts'
import { countText, pluralText } from './format.ts'
import type { LetterGroup } from './letter-groups.ts'
import type { Overview, VersionRow } from './overview.ts'
import type { Trouble, Verdict } from './trouble.ts'

type Letters = Overview['deadLetters']

/** A change that failed for good is a failure: it is judged by the same limit, over the changes of the range. */
export function deadLettered({ deadLetters, limits, versions }: Overview): Trouble | null {
  const { open, inRange, causes } = deadLetters
  const top = causes[0]
  if (open === 0 || top === undefined || (inRange.rate ?? 0) <= limits.failureWarn) return null
  const shared = sharedCause(deadLetters)
  const maker = onlyMaker(versions)
  const counted = countedLetters(open, shared)
  const cause = `${versionsText(top)} on ${top.collection}: ${causeText(top)} (${top.code}, ${pluralText(top.devices, 'device')})`
  return {
    level: 'warn',
    sentence:
      maker === null
        ? counted
        : `${maker} sends what ${(shared && REFUSED_BY[shared.code]) ?? 'can never apply'}; no other version does`,
    evidence: maker === null ? cause : `${counted}: ${cause}`,
    step: lettersStep(deadLetters),
    brief: `${pluralText(open, 'open dead letter')}${maker === null ? '' : ` from ${maker}, from no other version`}`,
  }
}

/** In the place of "can never apply". */
const REFUSED_BY: Readonly<Record<string, string>> = {
  schema_mismatch: 'the schema refuses',
  rule_violation: 'breaks a rule',
  authority_refused: 'your backend refuses',
}

function countedLetters(open: number, shared: LetterGroup | null): string {
  if (shared === null)
    return open === 1 ? '1 change is a dead letter' : `${countText(open)} changes are dead letters`
  return open === shared.count
    ? `${countText(open)} dead letters share one cause`
    : `${countText(shared.count)} of ${countText(open)} dead letters share one cause`
}

/** The open letters, or those of the cause that most of them share. */
export const lettersStep = (letters: Letters): Verdict['step'] => ({
  label: 'Dead letters',
  target: { page: 'dead-letters', group: sharedCause(letters)?.id ?? null },
})

/** "3 dead letters from 2.4.1 wait for a person": few don’t make sync unhealthy. */
export function lettersWait(open: number, versions: readonly VersionRow[]): string {
  const maker = onlyMaker(versions)
  const from = maker === null ? '' : ` from ${maker}`
  return `${pluralText(open, 'dead letter')}${from} ${open === 1 ? 'waits' : 'wait'} for a person`
}

/** The cause of more than half of several open dead letters. */
function sharedCause({ open, causes: [top] }: Letters): LetterGroup | null {
  return top !== undefined && open > 1 && top.count > open / 2 ? top : null
}

/** The app version that all open letters are from, where devices have another one. */
function onlyMaker(versions: readonly VersionRow[]): string | null {
  const [maker, ...more] = versions.filter(({ deadLetters }) => deadLetters > 0)
  if (maker === undefined || more.length > 0) return null
  const others = versions.some(({ appVersion, devices }) => appVersion !== maker.appVersion && devices > 0)
  return others ? maker.appVersion : null
}
