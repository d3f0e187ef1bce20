import { execFileSync, spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { EmbeddedError } from './embedded-error.ts'

/** The operating system account that PostgreSQL runs as; null: our own. */
export type Account = { uid: number; gid: number; name: string } | null

/**
 * PostgreSQL refuses to run as root, so root lends it the account `postgres`, or `nobody`.
 * @throws EmbeddedError `start_failed` when root has neither
 */
export function postgresAccount(): Account {
  if (process.getuid?.() !== 0) return null
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf('-u', name)
    const gid = idOf('-g', name)
    if (uid !== null && gid !== null) return { uid, gid, name }
  }
  throw new EmbeddedError(
    'start_failed',
    'PostgreSQL does not run as root and this system has neither a user `postgres` nor `nobody`. ' +
      'Start Tidemark as another user, or set DATABASE_URL.',
  )
}

/** Whether the account can enter the directory (an ancestor may be closed to it). */
export function canEnter(account: Account, directory: string): boolean {
  if (account === null) return true
  const path = realpathSync(directory)
  const asked = spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', path], {
    ...identity(account),
    cwd: '/',
    stdio: 'ignore',
  })
  return asked.status === 0
}

/** The part of spawn options that makes a child run as the account. */
export function identity(account: Account): { uid?: number; gid?: number } {
  return account === null ? {} : { uid: account.uid, gid: account.gid }
}

function idOf(flag: '-u' | '-g', name: string): number | null {
  try {
    return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
  } catch {
    return null // no such account
  }
}
