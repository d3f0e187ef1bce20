import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleSimulation, removeBundle } from '../../scripts/simulation/bundle.ts'
import { drivePlan } from '../../scripts/simulation/drive.ts'

const FOUND = path.join(import.meta.dirname, 'found')

/** Plans that once failed, made small: each stays mended. */
describe('what the simulation found', () => {
  let bundle: string
  beforeAll(async () => {
    bundle = await bundleSimulation()
  })
  afterAll(() => removeBundle(bundle))

  it.each(readdirSync(FOUND))('%s', async (file) => {
    const { seeds, failed } = await drivePlan(bundle, path.join(FOUND, file))
    expect([seeds, failed.flatMap(({ violations }) => violations)]).toEqual([1, []])
  })
})
