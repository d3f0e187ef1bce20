import type { BreakersContext } from '#lib/application/breakers/list-breakers.ts'
import { BREAKER_SETTINGS } from '#lib/engine/breaker/breaker.ts'
import { fold } from '#lib/rollups/fold.ts'
import type {
  AppRelease,
  AuditEntry,
  Collection,
  Device,
  Fleet,
  Storage,
  ToldSeries,
} from '#lib/storage/ports.ts'
import type { LetterGroup } from '#lib/telemetry/letter-groups.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { fleetNow } from '#lib/telemetry/fleet-now.ts'
import type { Thresholds } from '#lib/telemetry/thresholds.ts'

export interface Told {
  readonly unfoldedMs?: number | null
  readonly collections?: readonly Partial<Collection>[]
  readonly devices?: readonly Device[]
  readonly groups?: readonly LetterGroup[]
  readonly openByCode?: Readonly<Record<string, number>>
  /** Those that the fleet sets. */
  readonly thresholds?: Partial<Thresholds>
  readonly audit?: readonly Partial<AuditEntry>[]
  /** Figures of other engines that stand. */
  readonly series?: readonly ToldSeries[]
  readonly releases?: readonly Partial<AppRelease>[]
  /** A whole hour; before it, merged buckets hold only what came late. */
  readonly mergedFromMs?: number
}
export interface FoldedContext extends BreakersContext {
  /** What was appended, in order. */
  readonly appended: TelemetryEvent[]
}

const FLEET: Pick<Fleet, 'id' | 'settings'> = {
  id: 'f',
  settings: {
    intervalMs: 60_000,
    backoff: { baseMs: 1_000, capMs: 60_000 },
    minAppVersion: null,
    allowedOrigins: [],
  },
}

/** A context whose storage answers what pillars and snapshots ask, from these events' buckets and what is told. */
export function contextOf(events: readonly TelemetryEvent[], nowMs: number, told: Told = {}): FoldedContext {
  const all = fold(new Map(), events)
  const { mergedFromMs = 0 } = told
  const bucketsIn = (tier: string, fromMs: number, toMs: number) =>
    all
      .filter(({ key }) => key.tier === tier && key.startMs >= fromMs && key.startMs < toMs)
      .sort((a, b) => a.key.startMs - b.key.startMs)
  const appended: TelemetryEvent[] = []
  const settings = { ...FLEET.settings, thresholds: told.thresholds }
  const storage = {
    fleets: { get: (id: string) => Promise.resolve(id === FLEET.id ? { ...FLEET, settings } : null) },
    collections: { list: () => Promise.resolve(told.collections ?? []) },
    devices: {
      now: (_fleetId: string, atMs: number, intervalMs: number) =>
        Promise.resolve(fleetNow(told.devices ?? [], atMs, intervalMs)),
      byId: (_fleetId: string, afterId: string | null, limit: number) =>
        Promise.resolve(
          (told.devices ?? []).filter(({ id }) => afterId === null || id > afterId).slice(0, limit),
        ),
    },
    audit: {
      list: ({ action }: { action: string }) =>
        Promise.resolve({ items: (told.audit ?? []).filter((entry) => entry.action === action), next: null }),
    },
    ingest: { gauges: () => Promise.resolve(told.series ?? []) },
    alerts: {
      incidents: () => Promise.resolve({ items: [], next: null }),
      lastRound: () => Promise.resolve({ atMs: nowMs, failing: [] }),
    },
    breakers: { turns: () => Promise.resolve([]), processes: () => Promise.resolve([]) },
    releases: { list: () => Promise.resolve(told.releases ?? []) },
    conflicts: { countOpen: () => Promise.resolve(2) },
    deadLetters: { countOpenByCode: () => Promise.resolve(told.openByCode ?? {}) },
    letterGroups: {
      list: () => {
        const groups = told.groups ?? []
        const byVersion: Record<string, number> = {}
        for (const { versions } of groups)
          for (const { appVersion, count } of versions)
            byVersion[appVersion] = (byVersion[appVersion] ?? 0) + count
        const letters = groups.reduce((sum, { count }) => sum + count, 0)
        return Promise.resolve({ groups, totals: { groups: groups.length, letters }, byVersion })
      },
    },
    telemetry: {
      buckets: (_fleetId: string, tier: string, fromMs: number, toMs: number) =>
        Promise.resolve(bucketsIn(tier, fromMs, toMs)),
      mergedBuckets: (_fleetId: string, tier: string, fromMs: number, toMs: number) =>
        Promise.resolve({
          buckets: bucketsIn(tier, fromMs, toMs).map((bucket) =>
            bucket.key.startMs < mergedFromMs ? { ...bucket, counters: {}, sketches: {} } : bucket,
          ),
          wholeFromMs: mergedFromMs,
        }),
      versionStarts: (_fleetId: string, tier: string, fromMs: number, toMs: number) => {
        const starts = bucketsIn(tier, fromMs, toMs).map(({ key }) => [key.appVersion, key.startMs] as const)
        return Promise.resolve({ starts: new Map(starts.toReversed()), wholeFromMs: mergedFromMs })
      },
      oldestUnfoldedMs: () => Promise.resolve(told.unfoldedMs ?? null),
      oldestUndeliveredMs: () => Promise.resolve(nowMs - 4_000),
      append: (_fleetId: string, more: readonly TelemetryEvent[]) => {
        appended.push(...more)
        return Promise.resolve()
      },
    },
  }
  // Nobody called anything, nor said anything of it.
  const breakers = { list: () => [], settingsOf: () => BREAKER_SETTINGS }
  const overrides = { list: () => [], of: () => null }
  const journal = { minute: () => null, counts: () => true }
  return {
    storage: storage as unknown as Storage,
    clock: { now: () => nowMs },
    processId: 'p',
    breakers: breakers as unknown as BreakersContext['breakers'],
    overrides: overrides as unknown as BreakersContext['overrides'],
    journal: journal as unknown as BreakersContext['journal'],
    appended,
  }
}

/** A device that was heard a second ago and has nothing waiting, but for the parts given. */
export function deviceOf(
  id: string,
  nowMs: number,
  over: Partial<Device> = {},
  report: Partial<NonNullable<Device['report']>> = {},
): Device {
  const atMs = over.lastContactMs ?? nowMs - 1_000
  return {
    id,
    fleetId: 'f',
    name: `tablet ${id}`,
    platform: 'ios',
    appVersion: '2.4.0',
    status: 'active',
    access: { '*': 'write' },
    enrolledAtMs: 0,
    lastContactMs: atMs,
    lastSessionOkMs: atMs,
    clockJumps: null,
    linkedIds: [],
    commands: [],
    report: {
      state: 'idle',
      seq: 1,
      nonce: 'n',
      depth: 0,
      oldestMadeAtMs: null,
      byCollection: {},
      offsetMs: null,
      rttMs: null,
      atMs,
      ...report,
    },
    ...over,
  }
}
