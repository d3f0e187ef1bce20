import type { WireCommand } from '#lib/protocol/command.ts'
import { heartbeatRequest } from '#lib/protocol/device.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import type { Device } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { awaitedFates } from './awaited-fates.ts'
import type { App } from './contacts.ts'
import { commandsAfter } from './wire-commands.ts'
import { storedReport } from './report-times.ts'
import { tellLetters } from './tell-letters.ts'
import type { NewsContext } from './tell-news.ts'

/**
 * Notes a contact outside a push, with the device's report when it sent one. True when this process heard the report
 * before it too: so whatever else the device did since, it did here.
 * @throws ApplicationError `device_forked`, `unauthorized`
 */
export async function noteContact(
  ctx: NewsContext & Pick<Context, 'contacts'>,
  device: Device,
  app: App,
  report: DeviceReport | null,
): Promise<boolean> {
  const atMs = ctx.clock.now()
  const told = report && storedReport(report, atMs)
  const done = report?.ackCommands ?? []
  if (told && ctx.contacts.takeCopied(device)) throw new ApplicationError('device_forked')
  if (told && done.length === 0 && ctx.contacts.keep(device, app, told)) return true
  const follows = told !== null && ctx.contacts.follows(device, told)
  await ctx.contacts.settle(device)
  const contact = { ...app, atMs, report: told }
  const outcome = await ctx.storage.devices.touch(device.fleetId, device.id, contact)
  if (outcome !== 'ok') ctx.contacts.forget(device)
  if (outcome === 'forked') throw new ApplicationError('device_forked')
  if (outcome === 'unknown') throw new ApplicationError('unauthorized')
  if (told) ctx.contacts.written(device, app, told)
  if (done.length > 0) {
    await ctx.storage.devices.acknowledgeCommands(device.fleetId, device.id, done, atMs)
    ctx.directory.forgetDevice(device.id)
    await tellLetters(ctx, device.fleetId, device.id)
  }
  return follows
}

/**
 * POST /heartbeat: a device with nothing to do tells how it is; it gets what waits for it, and
 * hears which of the conflicts that it names were decided, or are none here, and what became of changes that others handed to it.
 */
export async function heartbeat(
  ctx: NewsContext & Pick<Context, 'contacts'>,
  input: { readonly device: Device; readonly app: App; readonly body: unknown },
): Promise<{
  readonly commands: readonly WireCommand[]
  readonly decided: readonly string[]
  readonly unknown: readonly string[]
  readonly fates: Awaited<ReturnType<typeof awaitedFates>>
}> {
  const { report, conflicts = [], awaited = [] } = parsedOrThrow(heartbeatRequest, input.body)
  const { device } = input
  await noteContact(ctx, device, input.app, report)
  const rows = await Promise.all(conflicts.map((id) => ctx.storage.conflicts.get(device.fleetId, id)))
  const decided = rows.flatMap((row) => (row?.status === 'resolved' ? [row.id] : []))
  const unknown = conflicts.filter((_, i) => !rows[i])
  const fates = await awaitedFates(ctx, device, awaited)
  return { commands: commandsAfter(device, report, ctx.clock.now()), decided, unknown, fates }
}
