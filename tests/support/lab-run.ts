import { randomUUID } from 'node:crypto'
import type { LabRun } from '#lib/storage/ports.ts'

/** A run of the lab that has just begun. */
export const labRun = (
  fleetId: string,
  collectionId: string,
  nowMs: number,
  changes: Partial<LabRun> = {},
): LabRun => ({
  id: randomUUID(),
  fleetId,
  collectionId,
  input: { fromMs: 0, toMs: nowMs, clocksOffMs: 0, proposed: null },
  state: 'running',
  looked: 0,
  total: 3,
  problem: null,
  actor: { kind: 'user', id: 'ada', name: 'Ada' },
  createdAtMs: nowMs,
  toldAtMs: nowMs,
  endedAtMs: null,
  ...changes,
})
