import type { NoticeState, Severity } from '#lib/protocol/notice.ts'

/**
 * What became of one incident, as its transaction puts it into the outbox (decision 0064). The newest of an incident, by
 * time and id, says how it stands; the same one may be put twice. Times in Unix ms.
 */
export interface Notice {
  readonly id: string
  readonly fleetId: string
  readonly fleetName: string
  /** Its dedup key for as long as it lives. */
  readonly incidentId: string
  /** Stable key of the rule: what notices are grouped by, together with the severity. */
  readonly rule: string
  readonly severity: Severity
  readonly state: NoticeState
  readonly atMs: number
  readonly startsAtMs: number
  /** When it was resolved; null before. */
  readonly endsAtMs: number | null
  /** Beside rule, severity and fleet. */
  readonly labels: Readonly<Record<string, string>>
  /** One sentence. */
  readonly title: string
  /** The likely cause; may be empty. */
  readonly detail: string
  /** Who acknowledged it. */
  readonly by: string | null
  /** Of the incident's page, below the server's origin. */
  readonly path: string
  /** What to do about it: a page below the server's origin (it begins with a slash), or a URL. */
  readonly runbook: string | null
}
