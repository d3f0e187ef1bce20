import { formatCount, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { SilenceView, StandingSilence } from '#lib/application/alerts/silences.ts'
import type { MatchedLabel, Matcher, SilencePhase } from '#lib/application/alerts/terms.ts'
import { nameOfScope } from '#lib/application/breakers/scopes.ts'
import { partText } from '../rules/rule-words.ts'

export const LABEL_WORDS: Readonly<Record<MatchedLabel, string>> = {
  rule: 'rule',
  severity: 'severity',
  family: 'family',
  collection: 'collection',
  appVersion: 'app version',
  scope: 'breaker',
}
export const COMPARISON_WORDS: Readonly<Record<Matcher['comparison'], string>> = {
  is: 'is',
  is_not: 'is not',
  starts_with: 'begins with',
}
export const PHASES: Readonly<Record<SilencePhase, { kind: StatusKind; word: string }>> = {
  active: { kind: 'held', word: 'holds' },
  ahead: { kind: 'unk', word: 'is coming' },
  over: { kind: 'unk', word: 'is over' },
}

/** "rule is conflicts-many or clock-skew, app version begins with 2.4". Pure. */
export const matchersText = (matchers: readonly Matcher[]): string =>
  matchers
    .map(({ label, comparison, values }) => {
      const shown = values.map((value) => (label === 'scope' ? nameOfScope(value) : value))
      return `${LABEL_WORDS[label]} ${COMPARISON_WORDS[comparison]} ${shown.join(comparison === 'is_not' ? ' nor ' : ' or ')}`
    })
    .join(', and ')

/** What a silence keeps from being told now. Pure. */
export function silencedText({ silenced, phase }: Pick<StandingSilence, 'silenced' | 'phase'>): string {
  if (phase === 'ahead') return 'not yet'
  if (silenced.length === 0) return 'nothing'
  const names = silenced.map(({ rule, group }) =>
    partText(group) === 'the fleet' ? rule : `${rule} for ${partText(group)}`,
  )
  const [first = '', ...others] = names
  return others.length === 0 ? first : `${first} and ${plural(others.length, 'other')}`
}

/** What the page says in a sentence; of a search it speaks of what was found. Pure. */
export function silencesSentence(standing: readonly StandingSilence[], over: number, q: string): string {
  if (q !== '') {
    const found = standing.length + over
    return `${plural(found, 'silence')} ${found === 1 ? 'matches' : 'match'} “${q}”`
  }
  const count = (phase: SilencePhase): number => standing.filter((one) => one.phase === phase).length
  const [active, ahead] = [count('active'), count('ahead')]
  const now =
    active === 0 ? 'No silence holds' : `${plural(active, 'silence')} ${active === 1 ? 'holds' : 'hold'}`
  return ahead === 0 ? now : `${now}; ${formatCount(ahead)} ${ahead === 1 ? 'is' : 'are'} coming`
}

/** What is kept from being told by all of them. Pure. */
export function silencesEvidence(standing: readonly StandingSilence[]): string {
  const alerts = standing.reduce((sum, { silenced }) => sum + silenced.length, 0)
  return `${alerts === 0 ? 'Nothing that fires is silenced now' : `${plural(alerts, 'alert')} that ${alerts === 1 ? 'fires is' : 'fire are'} silenced now`}. Nobody is told that something silenced began; that it ended is told to whoever was told before.`
}

/** When one was over: by its own time, or because somebody ended it. Pure. */
export const overText = ({ endedAtMs }: Pick<SilenceView, 'endedAtMs'>): string =>
  endedAtMs === null ? 'by its time' : 'ended early'
