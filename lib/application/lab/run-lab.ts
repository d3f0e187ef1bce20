import { LabFold } from '#lib/engine/lab/fold-lab.ts'
import type { LabReport } from '#lib/engine/lab/lab-report.ts'
import type { LabWorld } from '#lib/engine/lab/replay.ts'
import { conflictOfToday } from '#lib/engine/lab/recorded-conflict.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { otLibrary } from '#lib/engine/ot/ot-library.ts'
import { LAB_CONFLICTS_MAX, LAB_PAGE, LAB_SLICE_MS, LAB_TOLD_EVERY_MS } from '#lib/protocol/limits.ts'
import type { Cursor, LabConflict, LabRange, LabRun, Page } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'

/**
 * Replays the conflicts of a run in slices of LAB_SLICE_MS, between which the process does its other work, and keeps what it found.
 * Never rejects: a run that fails says so.
 */
export async function runLab(ctx: Context, run: LabRun, range: LabRange): Promise<void> {
  const { fleetId, id } = run
  try {
    const report = await reportOf(ctx, run, range)
    if (report === null) return
    const end = { state: 'done', problem: null, report, atMs: ctx.clock.now() } as const
    await ctx.storage.lab.end(fleetId, id, end, null)
  } catch (error) {
    ctx.log.error('a run of the lab failed', { run: id, error: String(error) })
    const problem = 'the server failed while it ran; its log says how'
    const end = { state: 'failed', problem, report: null, atMs: ctx.clock.now() } as const
    // Where this fails too, the run is told of as lost once it has said nothing for LAB_LOST_AFTER_MS.
    await ctx.storage.lab.end(fleetId, id, end, null).catch((again: unknown) => {
      ctx.log.error('the end of a run of the lab could not be kept', { run: id, error: String(again) })
    })
  }
}

/** Null where somebody stopped it. */
async function reportOf(ctx: Context, run: LabRun, range: LabRange): Promise<LabReport | null> {
  const { fleetId, input } = run
  const { collection, fromMs, toMs } = range
  const rules = (await ctx.groupCommit.rules.get(fleetId)).collections.get(collection)
  if (!rules) throw new Error(`collection ${collection} is gone`)
  const world: LabWorld = { rules, engines: { text: yjsText, ot: otLibrary } }
  const fold = new LabFold(world, input.proposed, input.clocksOffMs)
  const read = (cursor: Cursor | null): Promise<Page<LabConflict>> =>
    ctx.storage.lab.conflicts(fleetId, range, { limit: LAB_PAGE, cursor })
  let looked = 0
  let toldAtMs = run.toldAtMs
  let page = await read(null)
  for (;;) {
    const isLast = page.next === null || looked + LAB_PAGE >= LAB_CONFLICTS_MAX
    // The next page is read while this one is replayed. Should the replay throw, that is what is told, and not this.
    const next = isLast ? null : read(page.next)
    next?.catch(() => undefined)
    await inSlices(page.items, (row) => fold.add(conflictOfToday(rules, row)))
    looked += page.items.length
    const nowMs = ctx.clock.now()
    if (Math.abs(nowMs - toldAtMs) >= LAB_TOLD_EVERY_MS) {
      toldAtMs = nowMs
      if (!(await ctx.storage.lab.tell(fleetId, run.id, { looked, atMs: nowMs }))) return null
    }
    if (next === null) break
    page = await next
  }
  await ctx.storage.lab.tell(fleetId, run.id, { looked, atMs: ctx.clock.now() })
  return {
    collectionId: run.collectionId,
    collection,
    fromMs,
    toMs,
    clocksOffMs: input.clocksOffMs,
    capped: page.next !== null,
    ...fold.figures(),
  }
}

/** Runs through a list, and lets the event loop turn each LAB_SLICE_MS. */
async function inSlices<T>(items: readonly T[], each: (item: T) => void): Promise<void> {
  let sliceFromMs = performance.now()
  for (const item of items) {
    each(item)
    if (performance.now() - sliceFromMs < LAB_SLICE_MS) continue
    await new Promise((resolve) => setImmediate(resolve))
    sliceFromMs = performance.now()
  }
}
