import type { DiagnosticsResponse } from '#lib/protocol/command.ts'
import { diagnosticsRequest } from '#lib/protocol/command.ts'
import type { Device } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'

/** Kept of each device; the oldest goes first. */
export const DIAGNOSTICS_PER_DEVICE_MAX = 5

/** POST /diagnostics: what a device tells about itself, kept for the operators. */
export async function storeDiagnostics(
  ctx: Context,
  input: { readonly device: Device; readonly appVersion: string; readonly body: unknown },
): Promise<DiagnosticsResponse> {
  const { device, appVersion, body } = input
  const { commandId } = parsedOrThrow(diagnosticsRequest, body)
  const text = JSON.stringify(body)
  const row = {
    id: ctx.ids(),
    deviceId: device.id,
    commandId: commandId ?? null,
    appVersion,
    bytes: Buffer.byteLength(text),
    receivedAtMs: ctx.clock.now(),
  }
  await ctx.storage.devices.addDiagnostics(device.fleetId, row, text, DIAGNOSTICS_PER_DEVICE_MAX)
  return { id: row.id }
}
