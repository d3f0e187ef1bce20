import { isWorse } from './severity.ts'
import type { Suppression } from './incident.ts'
import type { AlertRule, GroupLabels } from './rule.ts'
import type { Silence } from './silence.ts'
import { isSilencedBy } from './silence.ts'
import { covers, isWholeFleet, subjectOf } from './subject.ts'

/** A rule that fires for a part of a fleet, as an evaluation found it. */
export interface FiringAlert {
  readonly rule: AlertRule
  readonly group: GroupLabels
  readonly firedAtMs: number
  readonly noData: boolean
  /** Found well again, and only waiting to be so for long enough: nobody is told of it anew. */
  readonly isFading: boolean
  readonly summary: string
}

/**
 * Why this alert keeps silent: a silence, or another one that fires and says the same with more right: one of the rules that
 * the rule names, for the same part or the whole fleet; or the same figure for the whole fleet. Null where it speaks.
 */
export function suppressionOf(
  alert: FiringAlert,
  all: readonly FiringAlert[],
  silences: readonly Silence[],
  nowMs: number,
): Suppression | null {
  const { name, severity, family } = alert.rule
  const silence = silences.find((one) =>
    isSilencedBy(one, { rule: name, severity, family, group: alert.group }, nowMs),
  )
  if (silence) return { kind: 'silence', silenceId: silence.id }
  const louder = all.find((other) => other !== alert && inhibits(other, alert))
  return louder ? { kind: 'rule', rule: louder.rule.name } : null
}

function inhibits(loud: FiringAlert, quiet: FiringAlert): boolean {
  if (quiet.rule.inhibitedBy.includes(loud.rule.name)) return covers(loud.group, quiet.group)
  return (
    figureOf(loud.rule) === figureOf(quiet.rule) &&
    isWholeFleet(subjectOf(loud.group)) &&
    !isWholeFleet(subjectOf(quiet.group)) &&
    !isWorse(quiet.rule.severity, loud.rule.severity)
  )
}

function figureOf({ condition }: AlertRule): string {
  return 'measure' in condition ? condition.measure : `${condition.kind} ${condition.counter}`
}

/** Rules that hold each other's tongue, so that none of them would ever speak; null where there are none. */
export function inhibitionCycle(
  rules: readonly Pick<AlertRule, 'name' | 'inhibitedBy'>[],
): readonly string[] | null {
  const byName = new Map(rules.map((rule) => [rule.name, rule]))
  const done = new Set<string>()
  const walk = (name: string, path: readonly string[]): readonly string[] | null => {
    if (path.includes(name)) return path.slice(path.indexOf(name))
    if (done.has(name)) return null
    for (const next of byName.get(name)?.inhibitedBy ?? []) {
      const cycle = walk(next, [...path, name])
      if (cycle) return cycle
    }
    done.add(name)
    return null
  }
  for (const { name } of rules) {
    const cycle = walk(name, [])
    if (cycle) return cycle
  }
  return null
}
