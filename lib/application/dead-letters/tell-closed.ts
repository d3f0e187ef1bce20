import type { LetterNews } from '#lib/protocol/command.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { tellNews } from '../devices/tell-news.ts'

/** Tells devices what became of their letters: streams at once, everybody with the next answer (protocol.md, events). */
export async function tellClosed(
  ctx: Context,
  fleetId: string,
  type: LetterNews,
  letters: readonly Pick<DeadLetterRow, 'id' | 'deviceId'>[],
): Promise<void> {
  for (const { id: deadLetterId, deviceId } of letters) {
    ctx.pokes.tell(fleetId, { event: type, deadLetterId, deviceId })
    await tellNews(ctx, fleetId, deviceId, { type, deadLetterId })
  }
}
