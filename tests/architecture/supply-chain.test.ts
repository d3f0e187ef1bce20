import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

interface Entry {
  readonly version?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
}
interface Lock {
  readonly packages: Readonly<Record<string, Entry>>
}
interface Manifest {
  readonly allowScripts: Readonly<Record<string, boolean>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const LOCKS = ['package-lock.json', 'bench/peer/npm/package-lock.json'] as const
const lockOf = (file: string): Lock => JSON.parse(readFileSync(file, 'utf8')) as Lock
const entriesOf = (file: string): readonly (readonly [string, Entry])[] =>
  Object.entries(lockOf(file).packages).filter(([at]) => at !== '')
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest

/** Below these there are holes that are known (security.md, 45). */
const FLOORS: Readonly<Record<string, string>> = { next: '16.3.3', 'next-auth': '4.24.15' }

/** Of plain versions: a pre-release of the floor itself would not do. */
function isAtLeast(version: string, floor: string): boolean {
  const [a, b] = [version, floor].map((text) => text.split('.').map(Number))
  if (!a || !b || a.some(Number.isNaN)) return false
  const at = a.findIndex((part, i) => part !== b[i])
  return at === -1 || (a[at] ?? 0) > (b[at] ?? 0)
}

const nameOf = (at: string): string => at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length)

describe('what is installed', () => {
  it.each(LOCKS)('[check 45] %s has a SHA-512 of every package but binaries of other platforms', (file) => {
    const entries = entriesOf(file)
    expect(entries.length).toBeGreaterThan(200)
    const unsealed = entries.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))
    // npm writes none of what it has not fetched (CONTRIBUTING.md, "Dependencies"): such a one is of one system, and optional.
    expect(unsealed.filter(([, { os, optional }]) => os === undefined || optional !== true)).toEqual([])
  })

  it('[check 45] a version is exact, and none is below the floor, wherever in the tree it stands', () => {
    const named = { ...manifest.dependencies, ...manifest.devDependencies }
    expect(Object.entries(named).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual(
      [],
    )
    for (const [name, floor] of Object.entries(FLOORS)) {
      const found = entriesOf('package-lock.json').filter(([at]) => nameOf(at) === name)
      expect(found.length).toBeGreaterThan(0)
      for (const [at, { version = '' }] of found)
        expect([at, version, isAtLeast(version, floor)]).toEqual([at, version, true])
    }
  })

  it('[check 45] knows a version below the floor', () => {
    const judged = (version: string): boolean => isAtLeast(version, '16.3.3')
    expect(['16.3.3', '16.10.0', '17.0.0'].filter((version) => !judged(version))).toEqual([])
    expect(['16.3.2', '15.9.9', '16.3.3-canary.1', ''].filter(judged)).toEqual([])
  })

  it('[check 45] no script of a package runs when it is installed, and each that has one is on the list', () => {
    expect(readFileSync('.npmrc', 'utf8')).toMatch(/^ignore-scripts=true$/m)
    const scripted = entriesOf('package-lock.json').flatMap(([at, entry]) =>
      entry.hasInstallScript === true ? [nameOf(at)] : [],
    )
    expect(Object.keys(manifest.allowScripts).toSorted()).toEqual([...new Set(scripted)].toSorted())
    expect(Object.values(manifest.allowScripts)).not.toContain(true)
  })

  it('[check 45] its bill of materials is made from the lock alone, offline, and has every package', () => {
    const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--offline']
    const text = execFileSync('npm', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    const { components } = JSON.parse(text) as {
      components: readonly { readonly name: string; readonly version: string; readonly purl: string }[]
    }
    const listed = new Set(components.map(({ name, version }) => `${name}@${version}`))
    const locked = entriesOf('package-lock.json')
      .filter(([, { optional }]) => optional !== true)
      .map(([at, { version = '' }]) => `${nameOf(at)}@${version}`)
    expect(locked.filter((one) => !listed.has(one))).toEqual([])
    expect(components.filter(({ purl }) => !purl.startsWith('pkg:npm/'))).toEqual([])
  })
})
