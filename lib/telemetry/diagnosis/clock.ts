import { CLOCK_AHEAD_MAX_MS } from '#lib/protocol/limits.ts'
import { durationText } from '../format.ts'
import type { Evidence, Finding } from './evidence.ts'
import { line, queueLine } from './words.ts'

/** Farther ahead the server takes no stamp (SPEC, CO): from there on the clock is a trouble of its own, either way. */
export const CLOCK_SUSPECT_MS = CLOCK_AHEAD_MAX_MS

/** `offsetMs` is server − device: a clock that is behind has a positive one. */
export const clockText = (offsetMs: number): string =>
  `${durationText(Math.abs(offsetMs))} ${offsetMs > 0 ? 'behind' : 'ahead'}`

/** Its clock is off so far that nothing but the measured offset keeps its changes in order. */
export function clockOff(evidence: Evidence): Finding | null {
  const { device } = evidence
  const { report } = device
  if (report === null || report.offsetMs === null || Math.abs(report.offsetMs) < CLOCK_SUSPECT_MS) return null
  const off = clockText(report.offsetMs)
  return {
    verdict: 'clock_off',
    level: 'warn',
    sentence: `${device.name}'s clock is ${off}`,
    because: 'Its clock is off',
    evidence: [
      line(`It measured its clock ${off}`, {
        detail: `a stamp more than ${durationText(CLOCK_SUSPECT_MS)} ahead is refused`,
        atMs: report.atMs,
      }),
      line('Its changes are put in order by the measured offset', {
        detail: 'what it makes before it has measured anew may lose against older changes',
      }),
      queueLine(evidence),
    ],
    next: {
      title: 'Have its clock set',
      detail: 'Automatic time in its settings is enough; it measures anew with its next sync.',
      action: { kind: 'command', label: 'Ask for diagnostics', type: 'diagnostics' },
      endsAtMs: null,
    },
  }
}
