import { describe, expect, it } from 'vitest'
import { bundleSimulation, removeBundle } from '../../scripts/simulation/bundle.ts'
import { drive } from '../../scripts/simulation/drive.ts'
import { MUTANTS } from './mutants.ts'

/** A defect that needs more seeds than this to show is not watched for. */
const SEEDS_MAX = 400

describe('planted defects', () => {
  it.each(MUTANTS)('$name is found', async ({ from = 1, ...mutant }) => {
    const bundle = await bundleSimulation(mutant)
    const { failed } = await drive({
      bundle,
      from,
      seeds: SEEDS_MAX,
      processes: 1,
      stopAtFirst: true,
    }).finally(() => removeBundle(bundle))
    expect(failed.map(({ violations }) => violations.map(({ invariant }) => invariant))).not.toEqual([])
  })
})
