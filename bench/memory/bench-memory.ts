import { setTimeout as pause } from 'node:timers/promises'
import type { Child } from '../child.ts'
import { markdownTable } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import type { Server } from '../processes.ts'
import { usageOf, withProcesses } from '../processes.ts'
import type { Order } from './load.ts'

/** As many as a process holds of one fleet. */
const DEVICES = 1_000
/** Opened and closed before, so that what is loaded or compiled for the first one is nobody's. */
const FIRST = 100
const SETTLED_MS = 1_000

/** What the server's process holds for each device with an open stream, after a collection of garbage. */
export function benchMemory(database: BenchDatabase): Promise<string> {
  return withProcesses(database, async (processes) => {
    const tidemark = await processes.tidemark()
    const ceiling = await processes.server(new URL('./ceiling-server.ts', import.meta.url))
    const load = await processes.load(new URL('./load.ts', import.meta.url))
    const { url, enrollmentKey } = tidemark.ready
    await load.ask<object>({ kind: 'enroll', url, enrollmentKey, devices: DEVICES } satisfies Order)
    const bare = await measure(load, ceiling)
    const own = await measure(load, tidemark)
    const row = (name: string, kib: number): readonly string[] => [
      name,
      kib.toFixed(1),
      (own / kib).toFixed(1),
    ]
    return markdownTable(
      `Memory of ${DEVICES} devices that are connected`,
      ['server', 'KiB a device', 'Tidemark ÷ this'],
      [row('ceiling: bare `node:http`, holds the answer open', bare), row('Tidemark', own)],
    )
  })
}

/** In KiB; how much of it is resident hangs on what the process had spare. */
async function measure(load: Child<object>, server: Server): Promise<number> {
  const { url } = server.ready
  const tell = (order: Order): Promise<object> => load.ask<object>(order)
  await tell({ kind: 'open', url, devices: FIRST })
  await tell({ kind: 'close' })
  await pause(SETTLED_MS)
  const before = await usageOf(server, { collect: true })
  await tell({ kind: 'open', url, devices: DEVICES })
  await pause(SETTLED_MS)
  const after = await usageOf(server, { collect: true })
  await tell({ kind: 'close' })
  return (after.liveBytes - before.liveBytes) / DEVICES / 1_024
}
