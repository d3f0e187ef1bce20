import { expect, test } from 'vitest'
import { INCIDENT_FIELDS } from '#lib/query/alert-fields.ts'
import { FILTER_LENGTH_MAX } from '#lib/query/field.ts'
import { operatorWorld } from '#tests/support/operator-world.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { readIncidents } from '../../../app/(console)/alerts/read-incidents.ts'
import { listFilter, wordsProblem } from '../../../app/(console)/list-filter.ts'
import type { Visit } from '../../../app/(console)/viewer.ts'

test('[alerts] a search as long as may be is one: what the page adds to it counts for no length', async () => {
  const { ctx, fleet } = await operatorWorld()
  const { filter, problem } = listFilter('x'.repeat(FILTER_LENGTH_MAX), INCIDENT_FIELDS)
  expect(problem).toBeNull()
  const at = { ctx, actor: SYSTEM, fleet: { id: fleet }, span: { fromMs: 0, toMs: ctx.clock.now() } }
  expect(await readIncidents(at as unknown as Visit, filter, null)).toMatchObject({ open: [], resolved: [] })
})

test('[alerts] words that are too many are told to be, and not looked for', () => {
  expect(wordsProblem(` ${'x'.repeat(FILTER_LENGTH_MAX)} `)).toBeNull()
  expect(wordsProblem('x'.repeat(FILTER_LENGTH_MAX + 1))).toBe('A search has at most 400 characters')
})
