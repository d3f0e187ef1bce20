import { z } from 'zod'
import { TIER_KEPT_MS } from '#lib/rollups/bucket.ts'
import type { Keep, Storage } from '#lib/storage/ports.ts'

const DAY_MS = 86_400_000
/** Of the setting. */
export const RETENTION = 'retention'

/** How long the installation keeps what no rule of the engine needs. */
export interface Retention {
  readonly sessionsDays: number
  /** Telemetry before it is folded: as far back as buckets can be folded again. */
  readonly eventsDays: number
}
export interface StoredRetention extends Retention {
  /** 0 as long as nobody set anything. */
  readonly version: number
}
/** Events live as long as minute buckets; sessions a quarter. */
export const RETENTION_DEFAULT: Retention = { sessionsDays: 90, eventsDays: 35 }

const stored = z.object({ sessionsDays: z.int(), eventsDays: z.int() }).partial()

export async function readRetention({ settings }: Pick<Storage, 'settings'>): Promise<StoredRetention> {
  const setting = await settings.get(RETENTION)
  const { sessionsDays, eventsDays } = stored.parse(setting?.value ?? {})
  return {
    sessionsDays: sessionsDays ?? RETENTION_DEFAULT.sessionsDays,
    eventsDays: eventsDays ?? RETENTION_DEFAULT.eventsDays,
    version: setting?.version ?? 0,
  }
}

/** The same as `applyRetention` takes it; how long buckets live is no setting. */
export const keepOf = ({ sessionsDays, eventsDays }: Retention): Keep => ({
  minutesMs: TIER_KEPT_MS.minute,
  hoursMs: TIER_KEPT_MS.hour,
  sessionsMs: sessionsDays * DAY_MS,
  eventsMs: eventsDays * DAY_MS,
})
