import type { Surroundings } from '../surroundings.ts'

/** One fleet's failure doesn't keep the others from theirs. @throws the first failure, after all had their turn */
export async function inEachFleet(
  ctx: Pick<Surroundings, 'storage'>,
  verb: (fleetId: string) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = []
  for (const { id } of await ctx.storage.fleets.list()) {
    await verb(id).catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
}
