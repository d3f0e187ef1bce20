import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { bundleSimulation, removeBundle } from '../../scripts/simulation/bundle.ts'
import { drivePlans } from '../../scripts/simulation/drive.ts'
import type { Totals } from '../../scripts/simulation/drive.ts'

const FOLDER = path.join(import.meta.dirname, 'found')
const FOUND = readdirSync(FOLDER)

/** Plans that once failed, made small: each stays mended. */
describe('what the simulation found', () => {
  let totals: Totals
  // In one process: to start one takes longer than a plan.
  beforeAll(async () => {
    const bundle = await bundleSimulation()
    const files = FOUND.map((file) => path.join(FOLDER, file))
    totals = await drivePlans(bundle, files).finally(() => removeBundle(bundle))
  })

  it('is run, all of it, twice', () => {
    expect([totals.seeds, totals.twice]).toEqual([FOUND.length, FOUND.length])
  })

  it.each(FOUND)('%s', (file) => {
    const plan: unknown = JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8'))
    const own = totals.failed.filter((failed) => isDeepStrictEqual(failed.plan, plan))
    expect(own.flatMap(({ violations }) => violations)).toEqual([])
  })

  it('has no failure that none of the above tells', () => {
    expect(totals.failed).toEqual([])
  })
})
