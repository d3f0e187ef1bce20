import { z } from 'zod'
import { uuid } from '#lib/protocol/mutation.ts'
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
