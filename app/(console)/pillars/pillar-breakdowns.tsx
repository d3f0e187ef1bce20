import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount, formatPercent } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import type { Breakdown } from './pillar-view.ts'

/** What a figure is made of, the most frequent first. */
export function PillarBreakdowns({
  breakdowns,
  hrefOf,
}: {
  breakdowns: readonly Breakdown[]
  /** The sessions with this value of a key. */
  hrefOf: (key: string, value: string) => string
}) {
  return breakdowns.map(({ title, note, behind, rows }) => (
    <Section key={title} title={title} note={note}>
      <DataTable
        label={title}
        columns={[
          { key: 'key', header: 'What', cell: ({ key }) => <span className="mono">{key}</span> },
          { key: 'count', header: 'Count', align: 'end', cell: ({ count }) => <b>{formatCount(count)}</b> },
          {
            key: 'share',
            header: 'Share',
            align: 'end',
            cell: ({ share }) => <span className="den">{formatPercent(share)}</span>,
          },
        ]}
        rows={rows}
        rowKey={({ key }) => key}
        {...(behind === null ? {} : { rowHref: ({ key }: { key: string }) => hrefOf(behind, key) })}
        empty={<EmptyState good word="None" title="None in this time" />}
      />
    </Section>
  ))
}
