import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { FleetOptions } from './options.ts'
import { PROFILES } from './profiles.ts'
import type { SimulatedDevice } from './simulated-device.ts'
import { fleetLine } from './fleet-line.ts'
import { openSimulatedDevice } from './simulated-device.ts'
import { loadStrikeReports } from './strike-reports.ts'

const TELL_EVERY_MS = 10_000
/** Devices open one after the other, so that a start is no storm. */
const OPEN_PAUSE_MS = 20
const TROUBLES_TOLD_MAX = 20

/** Runs the devices until the time is over or the signal comes. `tell` gets one line at a time. */
export async function runFleet(
  options: FleetOptions,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<void> {
  // Every device waits on the one signal, several times over; that is no leak.
  setMaxListeners(0, signal)
  const dir = storesDir(options)
  mkdirSync(dir, { recursive: true })
  const profile = PROFILES[options.profile]
  const reports = loadStrikeReports()
  const startedMs = performance.now()
  const outageFromMs = (options.seconds ?? 180) * (1_000 / 3)
  const runningMs = (): number => performance.now() - startedMs
  const isOutage = (): boolean => runningMs() > outageFromMs && runningMs() < outageFromMs + profile.outageMs
  let troubles = 0
  const onTrouble = (message: string): void => {
    troubles += 1
    if (troubles <= TROUBLES_TOLD_MAX) tell(`device: ${message}`)
  }
  const devices: SimulatedDevice[] = []
  const runs: Promise<void>[] = []
  for (let index = 0; index < options.devices && !signal.aborted; index += 1) {
    const { url, enrollmentKey, seed } = options
    const device = await openSimulatedDevice({
      url,
      enrollmentKey,
      index,
      seed,
      dir,
      profile,
      reports,
      runningMs,
      isOutage,
      onTrouble,
    })
    devices.push(device)
    runs.push(device.run(signal))
    await pause(OPEN_PAUSE_MS)
  }
  const teller = setInterval(() => tell(summary(devices)), TELL_EVERY_MS)
  try {
    await Promise.all(runs)
  } finally {
    clearInterval(teller)
  }
}

/** One folder a fleet and seed: the same call continues with the same devices, at whatever address the server is now. Pure. */
export function storesDir({
  dir,
  enrollmentKey,
  seed,
}: Pick<FleetOptions, 'dir' | 'enrollmentKey' | 'seed'>): string {
  const fleetId = enrollmentKey.split('_')[1] ?? ''
  const name = createHash('sha256').update(`${fleetId} ${seed}`).digest('hex').slice(0, 16)
  return join(dir, name)
}

function summary(devices: readonly SimulatedDevice[]): string {
  const looks = devices.map(({ replica, awayForMs }) => ({ ...replica.status$.get(), awayMs: awayForMs() }))
  return fleetLine(looks)
}
