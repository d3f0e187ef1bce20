import { z } from 'zod'
import { strategyInput } from '#lib/application/collections/collection-input.ts'
import {
  labFinding,
  labOutcome,
  labRunInput,
  labRunState,
  labWeightsChange,
  labWeightsInput,
} from '#lib/application/lab/lab-input.ts'
import { labRunsQuery } from '#lib/application/lab/list-lab-runs.ts'
import { stopLabRunInput } from '#lib/application/lab/stop-lab-run.ts'
import { STRATEGIES } from '#lib/protocol/device.ts'
import { listOf } from './contract-answers.ts'
import type { AdminOperation } from './operation.ts'

const ms = z.number()
const count = z.int().min(0)
const uuid = z.uuid()
const settings = z.object(strategyInput)

const run = z.object({
  id: uuid,
  fleetId: uuid,
  collectionId: uuid,
  input: z.object({ fromMs: ms, toMs: ms, clocksOffMs: ms, proposed: settings.nullable() }),
  state: labRunState,
  looked: count,
  total: count,
  problem: z.string().nullable(),
  actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  createdAtMs: ms,
  toldAtMs: ms,
  endedAtMs: ms.nullable(),
})

const counts = z.object({
  conflicts: count,
  changes: count,
  lostUpdates: count,
  silentOverwrites: count,
  manual: count,
  wrongWinners: count,
  brokenRules: count,
  timeUnknown: count,
  notReplayed: count,
})
const example = z.object({
  conflictId: uuid,
  recordId: uuid,
  places: z.array(z.string()),
  side: z.enum(['local', 'remote']).nullable(),
  comesTo: labOutcome.optional(),
})
const report = z.object({
  collectionId: uuid,
  collection: z.string(),
  fromMs: ms,
  toMs: ms,
  clocksOffMs: ms,
  recorded: count,
  replayed: count,
  left: z.array(z.object({ why: z.string(), count })),
  capped: z.boolean(),
  columns: z.array(
    z.object({
      id: z.string(),
      settings,
      counts,
      newestAlone: count.nullable(),
      examples: z.record(labFinding, z.array(example)),
      differs: z.object({ conflicts: count, examples: z.array(example) }),
    }),
  ),
  fields: z.array(
    z.object({
      place: z.string(),
      contested: count,
      strategies: z.array(
        z.object({
          strategy: z.enum(STRATEGIES),
          lostUpdates: count,
          manual: count,
          wrongWinners: count,
          timeUnknown: count,
        }),
      ),
    }),
  ),
  fieldsTotal: count,
})
const found = run.extend({ report: report.nullable() })
const weights = z.object({ weights: labWeightsInput, version: count })

/** Routes about the strategy lab (contract.ts). */
export const LAB_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /lab/runs': {
    summary: 'Runs of the strategy lab, newest first',
    query: labRunsQuery,
    answer: listOf(run),
  },
  'POST /lab/runs': {
    summary:
      'Replay the recorded conflicts of a collection by every strategy; it begins at once and goes on by itself',
    body: labRunInput,
    answer: run,
    codes: ['rate_limited'],
  },
  'GET /lab/runs/:id': { summary: 'A run, how far it is, and what it found', answer: found },
  'POST /lab/runs/:id/stop': {
    summary: 'Stop a run; it finds nothing then',
    body: stopLabRunInput,
    bodyRequired: false,
    answer: found,
  },
  'GET /collections/:id/lab-weights': {
    summary: 'What losses and questions cost a collection',
    answer: weights,
  },
  'PATCH /collections/:id/lab-weights': {
    summary: 'Say what losses and questions cost a collection',
    body: labWeightsChange,
    answer: weights,
    codes: ['stale_version'],
  },
}
