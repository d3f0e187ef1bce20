import { isUuid } from '#lib/kernel/uuid.ts'
import { COMMANDS_REMEMBERED_MAX, NO_COMMANDS } from './commands.ts'
import { closeLetter, noteDecided } from './decisions.ts'
import type { StoreTx } from './store.ts'
import type { Errand } from './tables.ts'
import { getMeta, setMeta, startOver } from './tables.ts'
import type { Command } from './transport.ts'

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
    if (type === 'replayed' || type === 'discarded') await closeLetter(tx, deadLetterId, type === 'replayed')
    if (type === 'resolved') await noteDecided(tx, conflictId)
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
