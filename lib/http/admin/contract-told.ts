import { z } from 'zod'
import { uuid } from '#lib/protocol/mutation.ts'
import { INGEST_SIGNALS } from '#lib/telemetry/events.ts'
import { LOG_LEVELS } from '#lib/telemetry/otlp/logs-of-export.ts'

/** What the operator API answers about telemetry of other engines, for its contract. */
export const toldLog = z.object({
  id: uuid,
  deviceId: uuid,
  sessionId: uuid.nullable(),
  atMs: z.int(),
  level: z.enum(LOG_LEVELS),
  text: z.string(),
  code: z.string().nullable(),
})

export const scrapeTarget = z.object({
  id: uuid,
  fleetId: uuid,
  source: z.string(),
  url: z.string(),
  everyMs: z.int(),
  createdAtMs: z.int(),
  /** Null before it was asked. Its points are null when there was no answer to read. */
  last: z.object({ atMs: z.int(), points: z.int().nullable(), problem: z.string().nullable() }).nullable(),
})

const count = z.int().min(0)
const figure = z.number().nullable()
/** Of its figures, null is what the engine doesn't report. */
export const sourceAnswer = z.object({
  source: z.string(),
  keys: count,
  targets: count,
  lastHeardMs: z.int().nullable(),
  day: z.array(z.object({ signal: z.enum(INGEST_SIGNALS), stored: count, duplicate: count, refused: count })),
  figures: z
    .object({
      queueDepth: figure,
      oldestPendingAgeMs: figure,
      deadLetters: figure,
      lagMs: figure,
      /** 0 closed, 1 half open, 2 open. */
      breaker: figure,
      jobs: figure,
      jobsFailing: figure,
    })
    .nullable(),
})
