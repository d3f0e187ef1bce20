import { formatDuration, plural } from '#components/ui/format.ts'
import type { ShownDevice } from '#lib/application/devices/get-device.ts'
import type { SessionRow } from '../../sessions/session-row.ts'
import { commandLabel } from './command-words.ts'

type Told = Pick<SessionRow, 'result' | 'startedAtMs' | 'endedAtMs' | 'appVersion'>

/** A pause of more than so many usual ones is told. */
const PAUSES_USUAL_MAX = 3
/** Under so many good sessions there is no usual pause. */
const GOOD_MIN = 3
const MARKS_MAX = 6

/** What it was doing, in a sentence: how often it syncs, and whether it still does. Pure. @param sessions newest first */
export function lanesSentence(sessions: readonly Told[], nowMs: number): string {
  const good = sessions.filter(({ result }) => result === 'ok')
  const [last] = good
  if (last === undefined) return `None of ${plural(sessions.length, 'session')} ended well`
  const ago = formatDuration(Math.max(0, nowMs - last.endedAtMs))
  if (good.length < GOOD_MIN) return `Its last good session ended ${ago} ago`
  const pauses = good
    .slice(1)
    .map(({ endedAtMs }, index) => (good[index] as Told).endedAtMs - endedAtMs)
    .sort((a, b) => a - b)
  const usual = pauses[Math.floor((pauses.length - 1) / 2)] ?? 0
  const every = `every ${formatDuration(usual)}`
  return nowMs - last.endedAtMs > PAUSES_USUAL_MAX * usual
    ? `It synced ${every}, and has not for ${ago}`
    : `It syncs ${every}; the last ended ${ago} ago`
}

/** What happened to it from outside: another app version, and what operators told it. Pure. @param sessions newest first */
export function laneMarks(
  sessions: readonly Told[],
  commands: ShownDevice['commands'],
  fromMs: number,
): readonly { t: number; word: string }[] {
  const updates = sessions.slice(0, -1).flatMap((session, index) => {
    const before = sessions[index + 1]
    return before === undefined || before.appVersion === session.appVersion
      ? []
      : [{ t: session.startedAtMs, word: `updated to ${session.appVersion}` }]
  })
  const told = commands.map(({ type, issuedAtMs }) => ({
    t: issuedAtMs,
    word: commandLabel(type).toLowerCase(),
  }))
  const marks = [...updates, ...told].filter(({ t }) => t >= fromMs).sort((a, b) => a.t - b.t)
  return marks.slice(-MARKS_MAX)
}
