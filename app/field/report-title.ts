import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'

/** "Killdeer at DALLAS/FORT WORTH INTL": what a report is called in lists. Pure. */
export function reportTitle(data: JsonObject): string {
  const { species, airportName } = data
  const where = typeof airportName === 'string' && airportName !== '' ? airportName : 'an airport not named'
  return typeof species === 'string' && species !== '' ? `${species} at ${where}` : `Strike at ${where}`
}

/** Of a report to decide on that this device shows no more: `theirs` is the server's, null where that has none either. */
export const undecidedTitle = (theirs: JsonObject | null): string =>
  theirs === null ? 'A report that was removed' : reportTitle(theirs)

/** What a change is about: the report as this device shows it, else as the change itself has it. */
export const changedTitle = ({ op }: Pick<Mutation, 'op'>, shown?: JsonObject): string => {
  const data = shown ?? (op.type === 'put' ? op.data : undefined)
  return data === undefined ? 'A report' : reportTitle(data)
}

/** The conflicts of reports that the list does not show, as those that one side removed: nothing else leads to them. Pure. */
export function unlisted<T extends { readonly collection: string; readonly recordId: string }>(
  conflicts: readonly T[],
  collection: string,
  listed: readonly { readonly id: string }[],
): readonly T[] {
  const seen = new Set(listed.map(({ id }) => id))
  return conflicts.filter(
    (conflict) =>
      conflict.collection === collection && !seen.has(conflict.recordId) && seen.add(conflict.recordId),
  )
}
