import type { Path } from '#lib/kernel/json-pointer.ts'
import { JSON_DEPTH_MAX } from '#lib/protocol/limits.ts'
import type { UpMigration, UpMigrationOp } from '#lib/protocol/rules.ts'
import { parseKey } from '../patch.ts'
import type { SchemaIssue } from '../types.ts'
import { startsWith } from './migrate-document.ts'
import { compileMigrationCel } from './migration-cel.ts'

/**
 * What is wrong with up-migrations that somebody wants to publish with this schema version (DL5); paths point into
 * the list. Gaps are allowed: between two declared steps a document stays as it is.
 */
export function checkUpMigrations(
  migrations: readonly UpMigration[],
  schemaVersion: number,
): readonly SchemaIssue[] {
  return migrations.flatMap(({ from, to, ops }, index): SchemaIssue[] => {
    const at = `/${index}`
    if (to <= from) return [{ path: `${at}/to`, message: `must be later than from (${from})` }]
    if (to > schemaVersion)
      return [{ path: `${at}/to`, message: `version ${to} is not published; this is ${schemaVersion}` }]
    if (migrations.findIndex((other) => other.from === from) < index)
      return [{ path: `${at}/from`, message: `two migrations start at version ${from}` }]
    return ops.flatMap((op, n) =>
      checkOp(op).map(({ path, message }) => ({ path: `${at}/ops/${n}${path}`, message })),
    )
  })
}

function checkOp(op: UpMigrationOp): SchemaIssue[] {
  const path = placeOf(op.path)
  if (!path) return [{ path: '/path', message: NO_PLACE }]
  if (op.op === 'cel') {
    const made = compileMigrationCel(op.cel)
    if (made.ok) return []
    const { message, position } = made.error
    return [{ path: '/cel', message: position === null ? message : `at ${position}: ${message}` }]
  }
  if (op.op !== 'rename') return []
  const to = placeOf(op.to)
  if (!to) return [{ path: '/to', message: NO_PLACE }]
  if (startsWith(to, path) || startsWith(path, to))
    return [{ path: '/to', message: 'must not lie on the way to path, or below it' }]
  return []
}

const NO_PLACE = `must be a JSON Pointer to a place inside the document, at most ${JSON_DEPTH_MAX} levels deep`

const placeOf = (text: string): Path | null => {
  const path = text.startsWith('/') ? parseKey(text) : null
  return path && path.length <= JSON_DEPTH_MAX ? path : null
}
