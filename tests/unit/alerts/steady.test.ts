import { describe, expect, it, test } from 'vitest'
import { DEFAULT_RULES } from '#lib/telemetry/alerts/default-rules.ts'
import { replayRule } from '#lib/telemetry/alerts/replay-rule.ts'
import type { FleetSeries, PartSeries } from '#lib/telemetry/alerts/series.ts'
import type { Part } from '#lib/telemetry/alerts/signals.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import { MINUTE_MS, SERIES_FROM_MS } from '#tests/support/alert-series.ts'
import { inspectorOf } from '../../../scripts/fleet/devices.ts'
import { PROFILES, type Profile } from '../../../scripts/fleet/profiles.ts'
import { isPoisoned } from '../../../scripts/fleet/work.ts'

/** Four days, by the minute, of a fleet that is well as real ones are: some requests fail, some sessions lose their network. */
function steady(part: Part, seed: number): PartSeries {
  const random = seededRandom(seed)
  const minutes = Array.from({ length: 4 * 24 * 60 }, (_, n) => n)
  const requests = minutes.map(() => 20 + Math.floor(random() * 20))
  const sessions = minutes.map(() => 10 + Math.floor(random() * 5))
  const pushed = minutes.map(() => 15 + Math.floor(random() * 15))
  const some = (of: readonly number[], share: number) =>
    of.map((count) => Array.from({ length: count }, random).filter((chance) => chance < share).length)
  return {
    ...part,
    counters: {
      requests,
      failures: some(requests, 0.004),
      sessions,
      failedSessions: some(sessions, 0.02),
      fullSyncs: some(sessions, 0.01),
      pushed,
      conflicts: some(pushed, 0.015),
      deadLettered: some(pushed, 0.0005),
      rejectedCredentials: minutes.map(() => 0),
    },
    gauges: {
      devices: minutes.map(() => 40),
      silentDevices: minutes.map(() => 6),
      stuckDevices: minutes.map((n) => (n % 50 === 0 ? 1 : 0)),
      pendingAgeOnlineP95Ms: minutes.map(() => random() * 120_000),
      queueDepthMax: minutes.map(() => random() * 60),
      clockSkewMaxMs: minutes.map(() => random() * 4_000),
      oldestPendingAgeMs: minutes.map(() => 3 * 86_400_000),
      foldLagMs: minutes.map(() => random() * 4_000),
      oldestUnresolvedAgeMs: minutes.map((n) => (n % 600) * MINUTE_MS),
      breakerOpen: minutes.map(() => 0),
      breakGlass: minutes.map(() => 0),
      deadTokenDevices: minutes.map(() => 0),
      overrideEndsInMs: minutes.map(() => Infinity),
    },
  }
}

test('[alerts] no shipped rule fires on four days of a fleet that is well', () => {
  const parts = [
    steady({ by: 'fleet', key: '' }, 1),
    steady({ by: 'version', key: '2.4.0' }, 2),
    steady({ by: 'collection', key: 'orders' }, 3),
    steady({ by: 'scope', key: 'engine' }, 4),
  ]
  const series: FleetSeries = { fromMs: SERIES_FROM_MS, stepMs: MINUTE_MS, parts }
  for (const rule of DEFAULT_RULES) {
    const { episodes, steps } = replayRule(rule, series)
    expect(episodes, rule.name).toEqual([])
    // It looked, and could tell.
    expect(steps.at(-1)?.statuses, rule.name).toBeDefined()
    expect(Object.values(steps.at(-1)?.statuses ?? {}), rule.name).not.toContain('no_data')
  }
})

test('[alerts] a restart of the database for two minutes, with every request failing, wakes nobody; a quarter of an hour does', () => {
  const part = steady({ by: 'fleet', key: '' }, 7)
  const from = 3 * 24 * 60
  const failing = (minutes: number): FleetSeries => {
    const failures = (part.counters.failures ?? []).map((count, n) =>
      n >= from && n < from + minutes ? (part.counters.requests?.[n] ?? 0) : count,
    )
    const counters = { ...part.counters, failures }
    return { fromMs: SERIES_FROM_MS, stepMs: MINUTE_MS, parts: [{ ...part, counters }] }
  }
  const critical = DEFAULT_RULES.filter(({ severity }) => severity === 'critical')
  const fired = (minutes: number) =>
    critical.flatMap((rule) => replayRule(rule, failing(minutes)).episodes.map(() => rule.name))
  expect(fired(2)).toEqual([])
  expect(fired(15)).toEqual(['request-failures-fast'])
})

describe('the fleet of the demo', () => {
  const DEVICES = 40
  const HOURS = 24
  /** Of its changes, about: the others amend what is there, and none of them is refused. */
  const NEW_REPORTS = 0.5

  /** What its devices push by the minute, and what of it the schema refuses. */
  function pushedBy(profile: Profile, seed: number): FleetSeries {
    const random = seededRandom(seed)
    const versions = Array.from({ length: DEVICES }, (_, n) => inspectorOf(n, random).device.appVersion)
    const parts = new Map<string, { pushed: number[]; deadLettered: number[] }>()
    const part = (key: string) => {
      const found = parts.get(key) ?? {
        pushed: Array<number>(HOURS * 60).fill(0),
        deadLettered: Array<number>(HOURS * 60).fill(0),
      }
      parts.set(key, found)
      return found
    }
    for (let minute = 0; minute < HOURS * 60; minute++)
      for (const version of versions)
        for (let second = 0; second < 60; second++) {
          if (random() >= 1_000 / profile.thinkMs) continue
          const isDead = random() < NEW_REPORTS && isPoisoned(version, profile, minute * MINUTE_MS, random)
          for (const key of ['', version]) {
            const { pushed, deadLettered } = part(key)
            pushed[minute] = (pushed[minute] ?? 0) + 1
            deadLettered[minute] = (deadLettered[minute] ?? 0) + Number(isDead)
          }
        }
    return {
      fromMs: SERIES_FROM_MS,
      stepMs: MINUTE_MS,
      parts: [...parts].map(([key, counters]) => ({
        by: key === '' ? 'fleet' : 'version',
        key,
        counters,
        gauges: {},
      })),
    }
  }
  const OF_LETTERS = DEFAULT_RULES.filter(({ name }) => name.includes('dead-letters'))
  const fired = (series: FleetSeries) =>
    OF_LETTERS.flatMap((rule) =>
      replayRule(rule, series).episodes.map(({ firedAtMs }) => [rule.name, firedAtMs]),
    )

  it('[alerts] as it is steady calls nobody for its dead letters in five days', () => {
    expect([1, 2, 3, 4, 5].flatMap((seed) => fired(pushedBy(PROFILES.steady, seed)))).toEqual([])
  })

  it('[alerts] and the release that the demo tells of does, within minutes', () => {
    const [[, firedAtMs] = []] = fired(pushedBy(PROFILES.release, 1)).filter(
      ([rule]) => rule === 'dead-letters-growing',
    )
    const afterMs = Number(firedAtMs) - SERIES_FROM_MS - PROFILES.release.poisonAfterMs
    expect(afterMs).toBeGreaterThan(0)
    expect(afterMs).toBeLessThanOrEqual(3 * MINUTE_MS)
  })
})
