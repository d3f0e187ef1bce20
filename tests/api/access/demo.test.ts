import { expect, test } from 'vitest'
import { DEMO_COLLECTIONS, STRIKE_REPORT_SCHEMA } from '#lib/application/demo/collections.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { listEnrollmentKeys } from '#lib/application/enrollment/create-enrollment-key.ts'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import { operatorWorld, cookiesFrom, form } from '#tests/support/operator-world.ts'
import { runCommand } from '../../../scripts/cli/commands.ts'
import { prepareDemo } from '../../../scripts/cli/prepare-demo.ts'
import { loadStrikeReports } from '../../../scripts/fleet/strike-reports.ts'

const rules: Pick<CollectionRules, 'schema'> = { schema: STRIKE_REPORT_SCHEMA }

test('every real strike report fits the schema, and an empty speed does not', () => {
  const reports = [...loadStrikeReports().values()].flat()
  expect(reports).toHaveLength(10_000)
  expect(reports.filter((report) => !validateDocument(rules, report).ok)).toEqual([])
  const poisoned = validateDocument(rules, { ...reports[0], speedIasKnots: '' })
  expect(poisoned).toMatchObject({ ok: false, issues: [{ path: '/speedIasKnots' }] })
})

test('the demo is prepared twice and made once; its link signs an administrator in', async () => {
  const { ctx, auth, admin } = await operatorWorld()
  const first = await prepareDemo(ctx, 'http://x')
  const second = await prepareDemo(ctx, 'http://x')
  expect(second.fleetId).toBe(first.fleetId)
  expect(second.enrollmentKey).not.toBe(first.enrollmentKey)
  const keys = await listEnrollmentKeys(ctx, { actor: SYSTEM, fleetId: first.fleetId })
  expect(keys.map(({ expiresAtMs }) => expiresAtMs)).toEqual(
    keys.map(({ createdAtMs }) => createdAtMs + 3_600_000),
  )
  const collections = await listCollections(ctx, { actor: SYSTEM, fleetId: first.fleetId })
  expect(collections.map(({ name }) => name).toSorted()).toEqual(
    DEMO_COLLECTIONS.map(({ name }) => name).toSorted(),
  )
  expect(await ctx.storage.access.listUsers()).toHaveLength(1)
  expect(second.signInLink).toMatch(/^http:\/\/x\/link\?token=/)
  const token = second.signInLink.split('token=')[1] ?? ''
  const cookie = cookiesFrom(await auth('/callback/link', form({ token })))
  expect((await admin('/users', { headers: { cookie } })).status).toBe(200)
})

test.each([
  [[], /name a command/],
  [['bakcup'], /unknown command: bakcup\n\nnpm run tidemark/],
  [['fleet', 'create', '--nme', 'x'], /Unknown option '--nme'[^]*usage: fleet create --name N/],
])('the command line %j is explained', async (line, message) => {
  await expect(runCommand(line)).rejects.toThrow(message)
})
