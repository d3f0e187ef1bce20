import { Sparkline } from '#components/charts/sparkline.tsx'
import { DataTable } from '#components/table/data-table.tsx'
import type { Column } from '#components/table/table-cells.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { capitalised, plural } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { GROUPING_WORDS, groupsSentence } from './group-words.ts'
import { Choices, groupingChoices } from './pillar-frame.tsx'
import { partHref } from './pillar-links.ts'
import type { GroupRow, PillarView } from './pillar-view.ts'
import type { Grouping } from './search-params.ts'

/** The pillar by app version, platform, collection or engine; a row leads to that part alone. */
export function PillarGroups({
  view,
  by,
  path,
  query,
}: {
  view: PillarView
  by: Grouping
  path: string
  query: string
}) {
  const { groups, groupsLeftOut, subject } = view
  return (
    <Section
      title={groupsSentence(groups, by)}
      note={
        <Choices
          label="Split by"
          name="by"
          choices={groupingChoices}
          current={by}
          otherwise="appVersion"
          path={path}
          query={query}
        />
      }
    >
      <DataTable
        label={`${subject} by ${GROUPING_WORDS[by].one}`}
        columns={columns(view, by)}
        rows={groups}
        rowKey={({ key }) => key}
        rowHref={({ key }) => partHref(path, query, by, key)}
        empty={<EmptyState title="Nothing was counted" detail="Take a longer time, or another split." />}
      />
      {groupsLeftOut === 0 ? null : <p className="sub">and {plural(groupsLeftOut, 'more')} with less</p>}
    </Section>
  )
}

const columns = ({ subject }: PillarView, by: Grouping): readonly Column<GroupRow>[] => [
  { key: 'key', header: GROUPING_WORDS[by].label, cell: ({ key }) => <b>{key}</b> },
  {
    key: 'value',
    header: capitalised(subject),
    align: 'end',
    cell: ({ value, level, of }) =>
      value === null ? (
        <span className="den">{by === 'source' && of === '' ? 'not reported' : 'too few'}</span>
      ) : level === 'warn' || level === 'crit' ? (
        <Status kind={level}>{value}</Status>
      ) : (
        value
      ),
  },
  { key: 'of', header: 'Of', align: 'end', cell: ({ of }) => <span className="den">{of}</span> },
  {
    key: 'trend',
    header: 'Over this time',
    align: 'end',
    hideOnPhone: true,
    cell: ({ key, trend }) => (
      <span className="spark-cell">
        <Sparkline values={trend} shape="line" width={120} label={`${subject} of ${key} over this time`} />
      </span>
    ),
  },
]
