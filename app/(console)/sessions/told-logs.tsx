import { DataTable } from '#components/table/data-table.tsx'
import { plural } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ToldLog } from '#lib/application/devices/list-logs.ts'

const KINDS = { info: 'unk', warn: 'warn', error: 'crit' } as const

/** What a client of another engine logged, in the order given. */
export function ToldLogs({
  logs,
  source,
  note,
  nowMs,
}: {
  logs: readonly ToldLog[]
  source: string
  note?: string
  nowMs: number
}) {
  if (logs.length === 0) return null
  return (
    <Section title={`${plural(logs.length, 'log')} of ${source}`} note={note}>
      <DataTable
        label={`What ${source} logged`}
        columns={[
          { key: 'at', header: 'When', cell: ({ atMs }) => <Time at={atMs} now={nowMs} show="clock" /> },
          {
            key: 'level',
            header: 'Level',
            cell: ({ level }) => <Status kind={KINDS[level]}>{level}</Status>,
          },
          {
            key: 'text',
            header: 'What',
            cell: ({ text, code }) => (
              <>
                {text} {code === null ? null : <span className="den mono">{code}</span>}
              </>
            ),
          },
        ]}
        rows={logs}
        rowKey={({ id }) => id}
        empty={null}
      />
    </Section>
  )
}
