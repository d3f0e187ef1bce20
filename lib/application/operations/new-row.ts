import { OPERATION_RATE } from '#lib/protocol/limits.ts'
import type { NewOperation, OperationRow } from '#lib/storage/ports.ts'
import type { Actor } from '../context.ts'

interface Asked {
  readonly id: string
  readonly fleetId: string
  readonly q: string
  readonly reason: string
  readonly requestHash: string
  readonly actor: Actor
  readonly rate: number | undefined
}
type Fresh = Omit<NewOperation, 'kind' | 'conditions' | 'edit' | 'rule'>

/** A bulk action before anything has happened to it. Pure. */
export const freshOperation = ({ actor, rate, ...asked }: Asked, nowMs: number): Fresh => ({
  ...asked,
  actor: { kind: actor.kind, id: actor.id, name: actor.name } satisfies OperationRow['actor'],
  state: 'draft',
  pause: null,
  ratePerSecond: rate ?? OPERATION_RATE.default,
  done: 0,
  skipped: 0,
  errored: 0,
  runDone: 0,
  runErrored: 0,
  preview: null,
  createdAtMs: nowMs,
  previewedAtMs: null,
  startedAtMs: null,
  endedAtMs: null,
  nextAtMs: nowMs,
  waits: 0,
  version: 1,
})
