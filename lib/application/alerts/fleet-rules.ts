import type { StoredRule } from '#lib/storage/ports.ts'
import { DEFAULT_RULES } from '#lib/telemetry/alerts/default-rules.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'

/** A rule as a fleet has it. */
export interface FleetRule {
  readonly rule: AlertRule
  /** `shipped` as it is; `changed` of the shipped one of that name; `own`. */
  readonly origin: 'shipped' | 'changed' | 'own'
  /** 0 where nobody changed anything. */
  readonly version: number
  readonly changed: Pick<StoredRule, 'changedAtMs' | 'changedBy'> | null
}

const SHIPPED = new Map(DEFAULT_RULES.map((rule) => [rule.name, rule]))

/** The shipped rules in their order, as the fleet changed them, and then its own by name. Pure. */
export function rulesOfFleet(stored: readonly StoredRule[]): readonly FleetRule[] {
  const byName = new Map(stored.map((one) => [one.rule.name, one]))
  const shipped = DEFAULT_RULES.map((rule): FleetRule => {
    const changed = byName.get(rule.name)
    return changed === undefined
      ? { rule, origin: 'shipped', version: 0, changed: null }
      : { ...ofStored(changed), origin: 'changed' }
  })
  const own = stored.filter(({ rule }) => !SHIPPED.has(rule.name)).map(ofStored)
  return [...shipped, ...own]
}

function ofStored({ rule, version, changedAtMs, changedBy }: StoredRule): FleetRule {
  return { rule, origin: 'own', version, changed: { changedAtMs, changedBy } }
}

export const shippedRule = (name: string): AlertRule | null => SHIPPED.get(name) ?? null
