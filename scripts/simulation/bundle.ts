import { rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'

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
/** Below `node_modules`, where the packages that the bundle leaves outside are found. */
const OUT = path.join(ROOT, 'node_modules/.cache/tidemark-simulation')

/** Builds the simulation's process in one file, with a planted defect or without. Gives its path; the caller removes it. */
export async function bundleSimulation(mutant: Mutant | null = null): Promise<string> {
  const outfile = path.join(OUT, `${mutant?.name ?? 'sound'}-${process.pid}.mjs`)
  await build({
    entryPoints: [path.join(ROOT, 'tests/simulation/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins: mutant ? [planted(mutant)] : [],
  })
  return outfile
}

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
