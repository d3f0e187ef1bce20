import type { StatusKind } from '#components/ui/status.tsx'
import type { ToldChannel } from '#lib/application/notifications/told-of.ts'
import { answerText } from '../../channels/channel-words.ts'

type Told = Pick<ToldChannel, 'notification' | 'last'> & {
  readonly channel: Pick<ToldChannel['channel'], 'enabled'>
}

/** Whether a channel took the newest of an incident. Pure. */
export function toldStanding({ notification, last, channel }: Told): {
  readonly kind: StatusKind
  readonly words: string
} {
  const { seq, toldSeq, dueAtMs } = notification
  if (toldSeq >= seq) return { kind: 'ok', words: 'took it' }
  const answer = last === null ? '' : `: ${answerText(last)}`
  if (!channel.enabled) return { kind: 'held', words: 'is off: told nothing since' }
  if (dueAtMs === null) return { kind: 'crit', words: `was given up${answer}` }
  return last === null || last.outcome === 'delivered'
    ? { kind: 'unk', words: 'is told in a moment' }
    : { kind: 'warn', words: `did not take it yet, and is tried again${answer}` }
}

/** Whether anybody knows. Pure. @param isSilent all of it was silenced or inhibited */
export function toldSentence(told: readonly Told[], isSilent: boolean): string {
  if (told.length === 0)
    return isSilent ? 'It is kept silent: no channel is told' : 'Nobody was called: it went to no channel'
  const took = told.filter((one) => toldStanding(one).kind === 'ok').length
  if (took === told.length) return took === 1 ? 'The channel took it' : `All ${took} channels took it`
  if (took > 0) return `${took} of ${told.length} channels took it`
  return told.length === 1
    ? 'The channel has not taken it yet'
    : `None of ${told.length} channels has taken it yet`
}
