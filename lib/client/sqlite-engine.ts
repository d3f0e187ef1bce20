import { createRequire } from 'node:module'
import type Database from 'libsql'
import { ReplicaError } from './errors.ts'

const load = createRequire(import.meta.url)

/**
 * Opens a file by `libsql`, which is loaded with the first one: who keeps to other stores need not have it.
 * @throws ReplicaError `store_failed` where the package, or its build for this platform, is missing; SQLite's own errors
 */
export function openFile(path: string, options: Database.Options = {}): Database.Database {
  const Engine = loadEngine()
  return new Engine(path, options)
}

function loadEngine(): typeof Database {
  try {
    return load('libsql') as typeof Database
  } catch (error) {
    throw new ReplicaError(
      'store_failed',
      'The SQLite store needs the package libsql: run "npm install libsql".',
      [],
      error,
    )
  }
}
