import { beforeEach, describe, expect, test } from 'vitest'
import {
  FOLD_BATCH,
  FOLD_BATCHES_MAX,
  foldEvents,
  foldFleet,
} from '#lib/application/telemetry/fold-events.ts'
import { snapshotGauges } from '#lib/application/telemetry/snapshot-gauges.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import { queue } from '#lib/application/pillars/queue.ts'
import { fold } from '#lib/rollups/fold.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { AuditEntry, Fleet } from '#lib/storage/ports.ts'
import { eventAt, pushEvent } from '#tests/support/telemetry-fixtures.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOW = 500_000 * HOUR
const audit: AuditEntry = {
  id: 'audit',
  atMs: NOW,
  fleetId: null,
  actor: { kind: 'system', id: 'system', name: 'system' },
  action: 'fleet.create',
  target: 'fleet',
  reason: null,
  before: null,
  after: null,
  address: null,
  outcome: 'done',
}
const fleetOf = (id: string): Fleet => ({
  id,
  name: id,
  epoch: 1,
  configVersion: 1,
  settings: {
    intervalMs: MINUTE,
    backoff: { baseMs: 1_000, capMs: MINUTE },
    minAppVersion: null,
    allowedOrigins: [],
  },
  createdAtMs: NOW,
})
const pushes = (count: number) =>
  Array.from({ length: count }, (_, n) => eventAt(`push-${n}`, NOW - 1 - n * 50, pushEvent()))

describe('foldEvents', () => {
  let ctx: TelemetryContext
  const range = { fleetId: 'a', fromMs: NOW - HOUR, toMs: NOW }

  beforeEach(async () => {
    const storage = openMemoryStorage({ nowMs: () => NOW })
    ctx = { storage, clock: { now: () => NOW + 5_000 } }
    for (const id of ['a', 'b']) await storage.fleets.create(fleetOf(id), { ...audit, id })
  })

  test('folds every fleet, over several batches, each event once', async () => {
    const many = pushes(2 * FOLD_BATCH + 1)
    await ctx.storage.telemetry.append('a', many)
    await ctx.storage.telemetry.append('b', many.slice(0, 3))
    expect((await lag(ctx, range)).asOf.foldLagMs).toBe(5_000)
    expect(await foldEvents(ctx)).toEqual({ folded: many.length + 3, more: false })
    expect(await foldEvents(ctx)).toEqual({ folded: 0, more: false })
    await ctx.storage.telemetry.append('a', many)
    expect(await foldEvents(ctx)).toEqual({ folded: 0, more: false })
    const answer = await lag(ctx, range)
    expect([answer.figure?.upload.count, answer.asOf.foldLagMs]).toEqual([many.length, 0])
  })

  test('a fleet far behind is folded to its bound, then the next tick goes on', async () => {
    let calls = 0
    const port = {
      ...ctx.storage.telemetry,
      foldNext: () => {
        calls += 1
        return Promise.resolve({ folded: 1, more: true })
      },
    }
    const endless = { ...ctx, storage: { ...ctx.storage, telemetry: port } }
    expect(await foldFleet(endless, 'a')).toEqual({ folded: FOLD_BATCHES_MAX, more: true })
    expect(calls).toBe(FOLD_BATCHES_MAX)
  })

  test('a fleet that cannot be folded does not keep those after it from theirs', async () => {
    for (const id of ['a', 'b']) await ctx.storage.telemetry.append(id, pushes(3))
    const { telemetry } = ctx.storage
    const foldNext: typeof telemetry.foldNext = (id, ...rest) =>
      id === 'a' ? Promise.reject(new Error('poisoned')) : telemetry.foldNext(id, ...rest)
    const sick = { ...ctx, storage: { ...ctx.storage, telemetry: { ...telemetry, foldNext } } }
    await expect(foldEvents(sick)).rejects.toThrow('poisoned')
    expect(await telemetry.oldestUnfoldedMs('b')).toBeNull()
  })

  test('folding a range again gives equal bytes', async () => {
    await ctx.storage.telemetry.append('a', pushes(1_200))
    await foldEvents(ctx)
    const read = async () =>
      JSON.stringify(await ctx.storage.telemetry.buckets('a', 'minute', NOW - HOUR, NOW))
    const before = await read()
    expect(await ctx.storage.telemetry.refold('a', NOW - HOUR, NOW, 500, fold)).toBe(1_200)
    expect(await read()).toBe(before)
    expect(before.length).toBeGreaterThan(100)
  })

  test('a snapshot that was taken twice in a minute is there once', async () => {
    await snapshotGauges(ctx, 'a')
    await snapshotGauges(ctx, 'a')
    expect((await foldEvents(ctx)).folded).toBe(1)
    const { figure } = await queue(ctx, { ...range, toMs: NOW + MINUTE })
    expect(figure).toMatchObject({ atMs: NOW, depth: 0, server: { openDeadLetters: 0, openConflicts: 0 } })
  })
})
