import { z } from 'zod'
import { regainedQuery, restoredDevicesQuery } from '#lib/application/restores/list-restores.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { listOf } from './contract-answers.ts'
import type { AdminOperation } from './operation.ts'

const count = z.int().min(0)
const time = z.iso.datetime()

const gap = z.object({
  epoch: count,
  epochBefore: count,
  /** Null where the epoch was raised by hand, after a restore by other means. */
  backupId: uuid.nullable(),
  /** What was acknowledged until then is there; null where nobody said. */
  backupAt: time.nullable(),
  restoredAt: time,
  /** False where the signature of the file could not be checked. */
  proven: z.boolean(),
  devices: count,
  back: count,
  notBack: count,
  regained: count,
  regainedDevices: count,
})
const device = z.object({
  deviceId: uuid,
  name: z.string().nullable(),
  acknowledged: count,
  lastAcknowledgedAt: time.nullable(),
  backAt: time.nullable(),
  regained: count,
})
const regained = z.object({ mutationId: uuid, deviceId: uuid, status: z.string(), at: time })

/** By `METHOD pattern` of the route table. */
export const RESTORE_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /restore': {
    summary: "The fleet's newest restore from a backup, and what devices have brought back since",
    answer: z.object({ restore: gap.nullable() }),
  },
  'GET /restore/devices': {
    summary: 'Each device of that restore: what the backup has of it, whether it is back, what it brought',
    query: restoredDevicesQuery,
    answer: listOf(device),
  },
  'GET /restore/mutations': {
    summary: 'Mutations that were acknowledged after the backup and came back, the newest first',
    query: regainedQuery,
    answer: listOf(regained),
  },
}
