import { z } from 'zod'
import { chainQuery } from '#lib/application/audit/check-chain.ts'
import { auditQuery } from '#lib/application/audit/list-audit.ts'
import { BREAKS } from '#lib/application/audit/verify-audit.ts'
import { auditAnswer, listOf } from './contract-answers.ts'
import { exportFormat } from './export.ts'
import type { AdminOperation } from './operation.ts'

const count = z.int().min(0)
/**
 * An entry with its place in the chain, and its link; null for one of before there was a chain. A number below one is a
 * forged row's.
 */
const entry = auditAnswer.extend({ seq: z.int().nullable(), mac: z.string().nullable() })
const head = z.object({ seq: count, mac: z.string() })
const chain = z.object({
  state: z.enum(['holds', 'broken', 'unfinished']),
  /** Entries that this check went through. */
  entries: count,
  /** Of before the chain, adopted by it. */
  adopted: count,
  /** The last entry that was found in order; `after` of the next call where it is unfinished. */
  upTo: head,
  /** The last entry of before the chain that was found adopted; `outside` of the next call, as `MS:ID`, unless null. */
  outsideUpTo: z.object({ atMs: z.int(), id: z.string() }).nullable(),
  firstBad: z
    .object({
      kind: z.enum(BREAKS),
      seq: count.nullable(),
      id: z.string().nullable(),
      atMs: z.int().nullable(),
      what: z.string(),
    })
    .nullable(),
})

/** By `METHOD pattern` of the route table. */
export const AUDIT_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /audit': {
    summary: 'Who did what, newest first',
    query: auditQuery,
    answer: listOf(entry),
  },
  'GET /audit/head': {
    summary: 'The last link of the audit chain, to be kept elsewhere',
    answer: head,
  },
  'GET /audit/verify': {
    summary: 'Whether the audit chain holds, and the first entry that is not as it was written',
    query: chainQuery,
    answer: chain,
  },
  'GET /audit/export': {
    summary: 'The audit log as a file',
    query: auditQuery.omit({ cursor: true, limit: true }).extend({ format: exportFormat.optional() }),
    answer: 'file',
  },
  'GET /audit/:id': { summary: 'One entry of the audit log', answer: entry },
}
