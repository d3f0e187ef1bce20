import type { LetterNews } from '#lib/protocol/command.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { tellLetters } from '../devices/tell-letters.ts'

/** Tells devices what became of their letters: streams at once, everybody with the next answers (EV1; CM4). */
export async function tellClosed(
  ctx: Context,
  fleetId: string,
  type: LetterNews,
  letters: readonly Pick<DeadLetterRow, 'id' | 'deviceId'>[],
): Promise<void> {
  for (const { id: deadLetterId, deviceId } of letters)
    ctx.pokes.tell(fleetId, { event: type, deadLetterId, deviceId })
  for (const deviceId of new Set(letters.map((letter) => letter.deviceId)))
    await tellLetters(ctx, fleetId, deviceId)
}
