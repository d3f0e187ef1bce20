import { isUuid } from '#lib/kernel/uuid.ts'
import { forkParts } from './on-demand.ts'
import type { ReplicaContext } from './run.ts'
import type { StoreTx } from './store.ts'
import type { CommandLog, Errand } from './tables.ts'
import { getMeta, identityOf, setMeta, startOver } from './tables.ts'
import type { Command } from './transport.ts'

/** Remembered, so that a command that is told twice is done once. */
const COMMANDS_REMEMBERED_MAX = 100
const NO_COMMANDS: CommandLog = { done: [], toAcknowledge: [] }

export const commandsToAcknowledge = async (tx: StoreTx): Promise<readonly string[]> =>
  ((await getMeta(tx, 'commands')) ?? NO_COMMANDS).toAcknowledge

/** Carries out what an operator commands and notes its id for the next report. Types this version doesn't know do nothing. */
export async function followCommands(tx: StoreTx, commands: readonly Command[]): Promise<void> {
  if (commands.length === 0) return
  const log = (await getMeta(tx, 'commands')) ?? NO_COMMANDS
  const fresh = commands.filter(({ id }) => isUuid(id) && !log.done.includes(id))
  const errands = [...((await getMeta(tx, 'errands')) ?? [])]
  for (const { id, type, deadLetterId, conflictId } of fresh) {
    if (isErrand(type)) errands.push({ id, type })
    if (type === 'resync') await startOver(tx, 'command')
    if (type === 'pause') await setMeta(tx, 'pausedByServer', true)
    if (type === 'replayed' || type === 'discarded')
      await forkParts().closeLetter(tx, deadLetterId, type === 'replayed')
    if (type === 'resolved') await forkParts().noteDecided(tx, conflictId)
    if (type === 'resume') await setMeta(tx, 'pausedByServer', null)
  }
  await setMeta(tx, 'errands', errands.length === 0 ? null : errands)
  const open = new Set(errands.map(({ id }) => id))
  // A command told again was acknowledged in a report that got lost: say it again.
  const told = commands.map(({ id }) => id).filter((id) => isUuid(id) && !open.has(id))
  await setMeta(tx, 'commands', {
    done: [...log.done, ...fresh.map(({ id }) => id)].slice(-COMMANDS_REMEMBERED_MAX),
    toAcknowledge: [...new Set([...log.toAcknowledge, ...told])].slice(-COMMANDS_REMEMBERED_MAX),
  })
}

const isErrand = (type: string): type is Errand['type'] => type === 'rotate' || type === 'send_diagnostics'

/** Who speaks, and what it still has to do for an operator; read together. */
export const readErrands = async (
  tx: StoreTx,
): Promise<{ readonly token: string | null; readonly errands: readonly Errand[] }> => ({
  token: (await identityOf(tx)).token,
  errands: (await getMeta(tx, 'errands')) ?? [],
})

/** What needs a request of its own; fetched when something is to be done. Gives the token that counts from now on. */
export const runErrands = async (
  context: ReplicaContext,
  token: string,
  errands: readonly Errand[],
): Promise<string> =>
  errands.length === 0 ? token : (await import('./errands.ts')).runErrands(context, token, errands)

/** An errand was run: its command is acknowledged with the next report. */
export async function noteDone(tx: StoreTx, { id }: Errand): Promise<void> {
  const left = ((await getMeta(tx, 'errands')) ?? []).filter((errand) => errand.id !== id)
  await setMeta(tx, 'errands', left.length === 0 ? null : left)
  const log = (await getMeta(tx, 'commands')) ?? NO_COMMANDS
  const toAcknowledge = [...new Set([...log.toAcknowledge, id])].slice(-COMMANDS_REMEMBERED_MAX)
  await setMeta(tx, 'commands', { ...log, toAcknowledge })
}

/** The server has heard of these. */
export async function noteAcknowledged(tx: StoreTx, ids: readonly string[]): Promise<void> {
  const log = await getMeta(tx, 'commands')
  if (!log || ids.length === 0) return
  await setMeta(tx, 'commands', {
    ...log,
    toAcknowledge: log.toAcknowledge.filter((id) => !ids.includes(id)),
  })
}
