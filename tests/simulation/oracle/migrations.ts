import type { JsonObject } from '#lib/kernel/json.ts'
import type { UpMigration } from '#lib/protocol/rules.ts'

/** What steps add and move: no user writes it, so that what one meant says nothing of it. */
const ADDED = /^(extra|moved)\d+$/

export const asWritten = (data: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(data).filter(([name]) => !ADDED.test(name)))

/** A document of this version as the steps published since make it, where all are about names at the top. */
export function broughtUp(data: JsonObject, version: number, migrations: readonly UpMigration[]): JsonObject {
  const made = new Map(Object.entries(data))
  const due = migrations.filter(({ from }) => from >= version).toSorted((a, b) => a.from - b.from)
  for (const step of due.flatMap(({ ops }) => ops)) {
    const name = step.path.slice(1)
    const value = made.get(name)
    if (step.op === 'default' && value === undefined) made.set(name, step.value)
    if (step.op === 'rename' && value !== undefined) {
      made.delete(name)
      made.set(step.to.slice(1), value)
    }
  }
  return Object.fromEntries(made)
}
