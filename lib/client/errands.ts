import { noteDone } from './commands.ts'
import { fetched } from './on-demand.ts'
import type { ReplicaContext } from './run.ts'
import { transact } from './run.ts'
import type { Errand } from './tables.ts'
import { identityOf, setMeta } from './tables.ts'
import { tell } from './tell.ts'
import { checkNothing, checkRotated } from './wire.ts'

/**
 * Does what operators commanded and needs a request of its own. A command is acknowledged once it is done; what fails
 * is tried again with the next round. Gives the token that counts from now on.
 */
export async function runErrands(
  context: ReplicaContext,
  token: string,
  errands: readonly Errand[],
): Promise<string> {
  let current = token
  for (const errand of errands) {
    if (context.abort.aborted) return current
    if (errand.type === 'rotate') current = (await rotate(context, current, errand)) ?? current
    else await sendDiagnostics(context, current, errand)
  }
  return current
}

/**
 * The old token stays good for a day, so that an answer that is lost, or a process that ends now, costs nothing: until the
 * new one is in the store the command isn't done, and the next opening asks again with the old one. So it waits for room.
 */
async function rotate(context: ReplicaContext, token: string, errand: Errand): Promise<string | null> {
  if (context.store.isFull()) return null
  const route = 'token/rotate'
  const call = { kind: 'rotate', method: 'POST', route, credential: token, check: checkRotated } as const
  const outcome = await tell(context, call)
  if (!outcome.ok) return null
  await transact(context, async (tx) => {
    const identity = await identityOf(tx)
    await setMeta(tx, 'identity', { ...identity, token: outcome.value.token, tokenBefore: token })
  })
  if (!context.store.isFull()) await transact(context, (tx) => noteDone(tx, errand))
  return outcome.value.token
}

async function sendDiagnostics(context: ReplicaContext, token: string, errand: Errand): Promise<void> {
  // Fetched when it is asked for: most devices never send any.
  const { collectDiagnostics } = await fetched(import('./diagnostics.ts'))
  const found = await collectDiagnostics(context, context.status())
  const call = {
    kind: 'diagnostics',
    credential: token,
    body: JSON.stringify({ ...found, commandId: errand.id }),
    check: checkNothing,
  } as const
  const outcome = await tell(context, call)
  // What the server refuses as it is, it will refuse again.
  if (outcome.ok || outcome.failure.kind === 'refused') await transact(context, (tx) => noteDone(tx, errand))
}
