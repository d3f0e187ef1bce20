import { StatusShape } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { listEntries } from '#lib/application/alerts/incidents.ts'
import { entryWords } from '../../incident-words.ts'

type Entries = Awaited<ReturnType<typeof listEntries>>['items']

/** What happened, newest first. */
export function IncidentTimeline({ entries, nowMs }: { entries: Entries; nowMs: number }) {
  return (
    <ol className="happened">
      {entries.map((entry) => {
        const { kind, words } = entryWords(entry)
        return (
          <li key={entry.id}>
            <Time at={entry.atMs} now={nowMs} show="clock" />
            <span className="g">{kind === null ? <i /> : <StatusShape kind={kind} />}</span>
            <p>{words}</p>
          </li>
        )
      })}
    </ol>
  )
}
