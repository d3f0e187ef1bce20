import { countText, durationText, pluralText } from './format.ts'
import type { BreakerNow, Overview } from './overview.ts'
import type { Trouble } from './trouble.ts'

/**
 * A breaker keeps devices out: those told to wait give no sample of lag, and calls that are shed are no failures, so that
 * every pillar may look well meanwhile. One that opened by itself is graver than a person's.
 */
export function heldBack(overview: Overview): Trouble | null {
  const { breakers, asOf } = overview
  const shut = breakers.notClosed.filter(({ isShut }) => isShut)
  const first = shut.find(({ held }) => held === null) ?? shut[0]
  if (first === undefined) return null
  const many = `${countText(shut.length)} of ${pluralText(breakers.total, 'breaker')} keep devices out`
  return {
    // By a person, or in a process that was not asked: this one's devices come through.
    level: first.held === null && first.state !== 'closed' ? 'crit' : 'warn',
    sentence: shut.length > 1 ? many : sentenceOf(overview, first),
    evidence: [waiting(overview), ...shut.map((one) => saidOf(one, asOf.nowMs))].join('; '),
    step: { label: 'Open the breaker', target: { page: 'breaker', scope: first.scope } },
    brief: shut.length > 1 ? many : `${breakerOf(first)} ${isOf(first)}`,
  }
}

function sentenceOf(overview: Overview, breaker: BreakerNow): string {
  const { appVersion } = breaker
  if (appVersion === null) return `Devices are told to wait: ${breakerOf(breaker)} ${isOf(breaker)}`
  const how = breaker.held === null ? 'is shut out' : 'is held back'
  return othersAreWell(overview, appVersion)
    ? `${appVersion} ${how}; every other version syncs within target`
    : `${appVersion} ${how}: its breaker ${isOf(breaker)}`
}

/** There are others, and none of them is known to be over a limit. */
function othersAreWell({ versions, limits }: Overview, appVersion: string): boolean {
  const others = versions.filter((version) => version.appVersion !== appVersion && version.devices > 0)
  return (
    others.length > 0 &&
    others.every(
      ({ uploadLagP95Ms, failures, pendingAgeP95Ms }) =>
        (uploadLagP95Ms ?? 0) <= limits.lagWarnMs &&
        (failures.rate ?? 0) <= limits.failureWarn &&
        (pendingAgeP95Ms ?? 0) <= limits.oldestWarnMs,
    )
  )
}

const breakerOf = ({ name, isWide }: BreakerNow): string =>
  isWide ? `the ${name}’s breaker` : `the breaker of ${name}`

const isOf = ({ state, held }: BreakerNow): string => {
  if (held !== null) return 'is forced open'
  if (state === 'half_open') return 'is on trial'
  return state === 'closed' ? 'is open in another process' : 'is open'
}

/**
 * Who is refused whatever it asks can't tell: its state is what it told before. Who is refused in one collection syncs the
 * others, and rests with its changes.
 */
function waiting({ devices, breakers: { shutOut } }: Overview): string {
  const shed = devices.byState.shed ?? 0
  if (shutOut > 0)
    return `${pluralText(shutOut, 'device is', 'devices are')} told to wait and ${shutOut === 1 ? 'keeps its' : 'keep their'} changes`
  if (shed === 0) {
    const kept = Object.values(devices.waitingByState).reduce((sum, count) => sum + count, 0)
    return kept === 0
      ? 'No device waits yet'
      : `${pluralText(kept, 'device has', 'devices have')} changes waiting, as last reported`
  }
  return `${pluralText(shed, 'device waits', 'devices wait')} in shed and ${shed === 1 ? 'keeps its' : 'keep their'} changes`
}

function saidOf(breaker: BreakerNow, nowMs: number): string {
  const { name, held } = breaker
  if (held === null) return `${name} ${isOf(breaker)}`
  return `${name} is forced open by ${held.by}, ends in ${durationText(Math.max(0, held.endsAtMs - nowMs))}`
}
