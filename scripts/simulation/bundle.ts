import { rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Plugin } from 'esbuild'
import { bundleForNode } from '../bundle-for-node.ts'

/** A defect that is planted when the simulation is built; the checkout stays as it is. */
export interface Mutant {
  readonly name: string
  readonly edits: readonly {
    /** From the root of the checkout. */
    readonly file: string
    /** Stands in the file once. */
    readonly find: string
    readonly replace: string
  }[]
}

const ROOT = path.resolve(import.meta.dirname, '../..')

/** Builds the simulation's process in one file, with a planted defect or without. Gives its path; the caller removes it. */
export const bundleSimulation = (mutant: Mutant | null = null): Promise<string> =>
  bundleForNode(
    'tests/simulation/main.ts',
    'tidemark-simulation',
    mutant?.name ?? 'sound',
    mutant ? [planted(mutant)] : [],
  )

export const removeBundle = (bundle: string): void => rmSync(bundle, { force: true })

function planted({ name, edits }: Mutant): Plugin {
  return {
    name: 'planted defect',
    setup({ onLoad, onEnd }) {
      const met = new Set<string>()
      onLoad({ filter: /\.ts$/ }, async (args) => {
        const file = path.relative(ROOT, args.path)
        const own = edits.filter((edit) => edit.file === file)
        if (own.length === 0) return undefined
        met.add(file)
        let contents = await readFile(args.path, 'utf8')
        for (const { find, replace } of own) {
          if (contents.split(find).length !== 2) throw new Error(`${name}: not once in ${file}: ${find}`)
          contents = contents.replace(find, () => replace)
        }
        return { contents, loader: 'ts' }
      })
      onEnd(() => {
        const unmet = edits.find(({ file }) => !met.has(file))
        if (unmet) throw new Error(`${name}: the simulation has no ${unmet.file}`)
      })
    },
  }
}
