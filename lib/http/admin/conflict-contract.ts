import { z } from 'zod'
import { annotateInput } from '#lib/application/conflicts/annotate-conflict.ts'
import { conflictFacetsQuery, conflictsQuery } from '#lib/application/conflicts/list-conflicts.ts'
import { previewByRuleInput } from '#lib/application/conflicts/preview-by-rule.ts'
import { resolveByRuleInput } from '#lib/application/conflicts/resolve-by-rule.ts'
import { resolveInput } from '#lib/application/conflicts/resolve-conflict.ts'
import { settleTimesQuery } from '#lib/application/conflicts/settle-times.ts'
import { conflictAnswer, conflictDetail, facetCounts, listOf, resolvedConflict } from './contract-answers.ts'
import { exportFormat } from './export.ts'
import { operationAnswer } from './operation-contract.ts'
import type { AdminOperation } from './operation.ts'

const ms = z.number()
const count = z.int().min(0)
const uuid = z.uuid()

const side = z.object({
  mutationId: uuid,
  deviceId: uuid,
  deviceName: z.string().nullable(),
  appVersion: z.string(),
  hlc: z.string(),
  madeAtMs: ms,
  committedAtMs: ms,
  offsetMs: ms.nullable(),
})
const shownConflict = conflictDetail.extend({
  sides: z.object({ local: side.nullable(), remote: side.nullable() }),
  basis: z
    .object({
      schema: z.unknown(),
      schemaVersion: count,
      strategy: z.string(),
      tieRule: z.string(),
    })
    .nullable(),
  waitMaxMs: ms,
  masked: z.array(z.string()),
})
const groups = z.object({
  groups: z.array(
    z.object({
      collection: z.string(),
      place: z.string(),
      appVersion: z.string(),
      remoteAppVersion: z.string().nullable(),
      count,
      devices: count,
      oldestAtMs: ms,
      newestAtMs: ms,
    }),
  ),
  total: count,
})
const byRuleCounts = z.array(
  z.object({
    outcome: z.enum(['mine', 'theirs', 'merged', 'skipped', 'refused']),
    why: z.string().nullable(),
    count,
    ids: z.array(uuid),
  }),
)

/** By `METHOD pattern` of the route table. */
export const CONFLICT_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /conflicts': {
    summary: 'Conflicts, newest first or longest wait first',
    query: conflictsQuery,
    answer: listOf(conflictAnswer),
  },
  'GET /conflicts/facets': {
    summary: 'How many conflicts match, and how many have each value of some keys',
    query: conflictFacetsQuery,
    answer: facetCounts,
  },
  'GET /conflicts/groups': {
    summary: 'The conflicts that match by collection, field and pair of app versions, most first',
    query: conflictFacetsQuery,
    answer: groups,
  },
  'GET /conflicts/pairs': {
    summary: 'The conflicts that match by pair of app versions, most first',
    query: conflictFacetsQuery,
    answer: z.object({
      pairs: z.array(z.object({ appVersion: z.string(), remoteAppVersion: z.string().nullable(), count })),
      total: count,
      conflicts: count,
      capped: z.boolean(),
    }),
  },
  'GET /conflicts/settled': {
    summary: 'How long people took for the conflicts that they closed',
    query: settleTimesQuery,
    answer: z.object({
      count,
      p50Ms: ms.nullable(),
      p95Ms: ms.nullable(),
      kept: z.object({ mine: count, theirs: count, merged: count }),
    }),
  },
  'GET /conflicts/export': {
    summary: 'The conflicts of a filter as a file',
    query: conflictFacetsQuery.extend({ format: exportFormat.optional() }),
    answer: 'file',
  },
  'POST /conflicts/by-rule/preview': {
    summary: 'What a rule would make of the open conflicts of a filter; it changes nothing',
    body: previewByRuleInput,
    answer: z.object({
      matched: count,
      capped: z.boolean(),
      unread: z.boolean(),
      counts: byRuleCounts,
    }),
  },
  'POST /conflicts/by-rule': {
    summary: 'Begin to decide the open conflicts of a filter by a rule, as an operation that runs at once',
    body: resolveByRuleInput,
    answer: operationAnswer,
    codes: ['count_changed', 'request_id_reused'],
  },
  'GET /conflicts/:id': {
    summary: 'One conflict beside the record as it is now, with who made each side',
    answer: shownConflict,
  },
  'PATCH /conflicts/:id': {
    summary: 'Say who looks after a conflict, and what is known of it',
    body: annotateInput,
    answer: conflictDetail,
    codes: ['stale_version'],
  },
  'POST /conflicts/:id/resolve': {
    summary: 'Decide a conflict, or bring back what lost',
    body: resolveInput,
    answer: resolvedConflict,
    codes: ['stale_version', 'resolution_refused', 'atomic_aborted', 'breaker_open'],
  },
}
