import { JUMP_SLACK_MS } from '../clock-jumps.ts'

/**
 * SQL of a device's `clock_jumps` after a report with this offset, round trip and time (SQL of bigints), for an UPDATE
 * whose old row has the report before: as clockJumpsAfter. Without an offset on either side the comparison is null, hence
 * no step.
 */
export const clockJumpsSql = (offset: string, rtt: string, at: string): string => `CASE
    WHEN abs(${offset} - report_offset_ms) > (coalesce(report_rtt_ms, 0) + coalesce(${rtt}, 0)) / 2.0 + ${JUMP_SLACK_MS}
    THEN json_build_object('count', coalesce((clock_jumps->>'count')::int, 0) + 1, 'last', json_build_object(
      'atMs', ${at}, 'fromOffsetMs', report_offset_ms, 'toOffsetMs', ${offset}))
    ELSE clock_jumps END`
