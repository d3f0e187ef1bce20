import { DataTable } from '#components/table/data-table.tsx'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { BreakerDetail } from '#lib/application/breakers/breaker-detail.ts'
import { actWords } from '../breaker-words.ts'

/** What people said of it, from the audit log. */
export function HistoryPart({ history, nowMs }: { history: BreakerDetail['history']; nowMs: number }) {
  return (
    <div id="history" tabIndex={-1}>
      <Section title="What people said of it" note="from the audit log, newest first">
        <DataTable
          label="History, newest first"
          columns={[
            { key: 'at', header: 'When', cell: ({ atMs }) => <Time at={atMs} now={nowMs} show="clock" /> },
            {
              key: 'what',
              header: 'What',
              cell: ({ action, outcome }) =>
                action === 'breaker.break_glass' ? (
                  <Status kind="warn">{actWords(action)}</Status>
                ) : (
                  `${actWords(action)}${outcome === 'denied' ? ' (refused)' : ''}`
                ),
            },
            { key: 'by', header: 'By', cell: ({ actor }) => actor.name },
            { key: 'reason', header: 'Reason', hideOnPhone: true, cell: ({ reason }) => reason },
          ]}
          rows={history}
          rowKey={({ id }) => id}
          empty={<p className="sub">Nobody has said anything of this breaker yet.</p>}
        />
      </Section>
    </div>
  )
}
