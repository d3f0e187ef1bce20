import type { Random } from '#lib/kernel/random.ts'
import { silenceLimitMs } from '#lib/telemetry/connectivity.ts'
import { waitOf } from './chance.ts'
import type { Profile } from './profiles.ts'

/** `far` devices go where there is no network for longer than silence goes unnoticed; `weak` ones have a bad network. */
export type Habit = 'near' | 'far' | 'weak'

/** Of 40 devices three are far and three weak; a fleet of six has none. */
const CYCLE = 13
const FAR_AT = 6
const WEAK_AT = 9
/** How long a far device stays away, as shares of the limit after which the console takes a silent one as offline. */
const FAR_AWAY_MIN = 1.25
const FAR_AWAY_MAX = 2.25
/** Far out there is less to report: what comes back is old, and must stay a small share of the fleet's changes. */
const FAR_THINK_FACTOR = 8
const WEAK = { dropRate: 0.15, lostAnswerRate: 0.25, delayMsMax: 2_500 }

export function habitOf(index: number): Habit {
  const place = index % CYCLE
  return place === FAR_AT ? 'far' : place === WEAK_AT ? 'weak' : 'near'
}

/** The profile of one device of a fleet: what its habit makes worse, unless the fleet's is worse still. */
export function profileFor(fleet: Profile, habit: Habit): Profile {
  switch (habit) {
    case 'near':
      return fleet
    case 'far':
      return { ...fleet, thinkMs: fleet.thinkMs * FAR_THINK_FACTOR }
    case 'weak':
      return {
        ...fleet,
        dropRate: Math.max(fleet.dropRate, WEAK.dropRate),
        lostAnswerRate: Math.max(fleet.lostAnswerRate, WEAK.lostAnswerRate),
        delayMsMax: Math.max(fleet.delayMsMax, WEAK.delayMsMax),
      }
  }
}

/** How long a device is out of reach now that it goes. */
export function awayMsOf(profile: Profile, habit: Habit, random: Random): number {
  if (habit !== 'far') return waitOf(profile.offlineMs, random)
  return silenceLimitMs(0) * (FAR_AWAY_MIN + (FAR_AWAY_MAX - FAR_AWAY_MIN) * random())
}

/**
 * Until a device goes for the first time. A far one that the server knows from an earlier run is away from the start;
 * a new one leaves once it has enrolled.
 */
export function firstLeaveMsOf(profile: Profile, habit: Habit, isNew: boolean, random: Random): number {
  if (habit !== 'far') return waitOf(profile.onlineMs, random)
  return isNew ? FAR_ENROLLS_MS * (1 + random()) : 0
}
const FAR_ENROLLS_MS = 20_000
