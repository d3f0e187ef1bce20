import type { ClockJumps, Device, StoredReport } from './ports.ts'

/** Past half of both round trips and this, in ms, a change of the offset is a step of the clock (CL1). */
export const JUMP_SLACK_MS = 1_000

/** The register of a device's clock after its next report. PostgreSQL reckons the same (prisma/clock-jumps.ts). */
export function clockJumpsAfter(
  { report, clockJumps }: Pick<Device, 'report' | 'clockJumps'>,
  next: StoredReport,
): ClockJumps | null {
  if (!report || report.offsetMs === null || next.offsetMs === null) return clockJumps
  const explainedMs = ((report.rttMs ?? 0) + (next.rttMs ?? 0)) / 2 + JUMP_SLACK_MS
  if (Math.abs(next.offsetMs - report.offsetMs) <= explainedMs) return clockJumps
  const last = { atMs: next.atMs, fromOffsetMs: report.offsetMs, toOffsetMs: next.offsetMs }
  return { count: (clockJumps?.count ?? 0) + 1, last }
}
