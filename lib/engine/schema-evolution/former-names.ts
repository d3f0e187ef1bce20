import { isWithin, toPointer } from '#lib/kernel/json-pointer.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import { pathOf } from './migrate-document.ts'
import type { Evolving } from './migrate-pointer.ts'
import { migrationsFrom } from './migrate-pointer.ts'

/** A name of a path in the schema versions after `after`, up to `upTo`. */
export interface PathName {
  readonly path: string
  readonly after: number
  readonly upTo: number
}

/**
 * Every name that a pointer of today had, newest first: what `migratePointer` takes to it. A field whose place a rename may
 * have taken is one of them too, since documents without the renamed one still have it.
 */
export function namesOf(rules: Evolving, pointer: string): readonly PathName[] {
  const names: PathName[] = []
  let upTo = rules.schemaVersion
  for (const after of [...startsOf(rules), 0]) {
    const steps = migrationsFrom(rules, upTo).flatMap(({ ops }) => ops)
    const paths = steps.reduceRight<readonly string[]>(
      (found, step) => [...new Set(found.flatMap((path) => namesBefore(path, step)))],
      [pointer],
    )
    for (const path of paths) {
      const newer = names.findIndex((name) => name.path === path && name.after === upTo)
      if (newer < 0) names.push({ path, after, upTo })
      else names[newer] = { ...(names[newer] as PathName), after }
    }
    upTo = after
  }
  return names
}

/** Versions that a migration starts at, newest first: between two of them all documents go the same way. */
const startsOf = ({ upMigrations, schemaVersion }: Evolving): readonly number[] =>
  [...new Set(upMigrations.map(({ from }) => from))]
    .filter((from) => from > 0 && from < schemaVersion)
    .sort((a, b) => b - a)

/** What a step takes to a pointer. */
function namesBefore(pointer: string, step: UpMigrationOp): readonly string[] {
  if (step.op !== 'rename' && step.op !== 'remove') return [pointer]
  const from = toPointer(pathOf(step.path))
  const stays = isWithin(pointer, from) ? [] : [pointer]
  if (step.op === 'remove') return stays
  const to = toPointer(pathOf(step.to))
  return isWithin(pointer, to) ? [from + pointer.slice(to.length), ...stays] : stays
}
