/** What a replica tells its app for diagnosis: a stable name and details, never documents or credentials. */
export interface LogEntry {
  readonly at: string
  readonly event:
    | 'transition'
    | 'transition_refused'
    | 'request_failed'
    | 'refused'
    | 'store_failed'
    | 'store_rebuilt'
    | 'report_dropped'
    | 'forked'
    | 'token_unknown'
    | 'state_differs'
    | 'clock_stopped'
  readonly detail: Readonly<Record<string, string | number | null>>
}
export type Log = (event: LogEntry['event'], detail: LogEntry['detail']) => void
