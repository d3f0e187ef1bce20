import { DataTable } from '#components/table/data-table.tsx'
import type { Column } from '#components/table/table-cells.tsx'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Icon } from '#components/ui/icon.tsx'
import { Menu } from '#components/ui/menu.tsx'
import { withParams } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import {
  cohortSentence,
  differenceText,
  MEASURES,
  ofText,
  valueText,
  VERDICTS,
  type CohortAnswer,
  type CohortRow,
} from './cohort-words.ts'

/** Is one app version worse than another, and how sure is that? */
export function VersionComparison({
  answer,
  path,
  query,
}: {
  answer: CohortAnswer
  path: string
  query: string
}) {
  const { a, b, versions, rows } = answer
  if (a === null || b === null) {
    return (
      <Section title={cohortSentence(answer)}>
        <EmptyState
          title="No second app version was heard in this time"
          detail="Take a longer time to compare with an older one."
        />
      </Section>
    )
  }
  const pick = (name: 'a' | 'b', current: string, other: string) => (
    <Menu
      label={`App version ${name === 'a' ? 'asked about' : 'to compare with'}`}
      groups={[
        {
          key: name,
          items: [...new Set([current, ...versions])]
            .filter((version) => version !== other)
            .map((version) => ({
              key: version,
              label: version,
              checked: version === current,
              href: withParams(path, query, { a, b, [name]: version }),
            })),
        },
      ]}
      trigger={
        <Button tone="quiet">
          {current} <Icon name="down" />
        </Button>
      }
    />
  )
  return (
    <Section
      title={cohortSentence(answer)}
      note={
        <>
          {pick('a', a, b)} against {pick('b', b, a)}
        </>
      }
    >
      <DataTable
        label={`${a} against ${b}`}
        columns={columns(a, b)}
        rows={rows}
        rowKey={({ measure }) => measure}
        empty={null}
      />
      <p className="sub">
        With 95 % intervals, as if each change, request and session were independent: a single device that
        makes many of them makes them narrower than they are. Of 100 comparisons of equal versions some 23
        show a difference in one of the five lines by chance.
      </p>
    </Section>
  )
}

const columns = (a: string, b: string): readonly Column<CohortRow>[] => [
  { key: 'measure', header: 'Measure', cell: ({ measure }) => MEASURES[measure].label },
  { key: 'a', header: a, align: 'end', cell: (row) => <Figure row={row} of={row.a} /> },
  { key: 'b', header: b, align: 'end', cell: (row) => <Figure row={row} of={row.b} /> },
  {
    key: 'difference',
    header: 'Difference',
    align: 'end',
    hideOnPhone: true,
    cell: ({ measure, difference }) =>
      difference === null ? <span className="den">not known</span> : differenceText(measure, difference),
  },
  {
    key: 'verdict',
    header: `${a} is`,
    cell: ({ verdict }) => <Status kind={VERDICTS[verdict].kind}>{VERDICTS[verdict].word}</Status>,
  },
]

function Figure({ row, of }: { row: CohortRow; of: CohortRow['a'] }) {
  return (
    <>
      {of.estimate === null ? '' : `${valueText(row.measure, of.estimate.value)} `}
      <span className={of.estimate === null ? 'den' : 'den hide-phone'}>{ofText(row, of.of)}</span>
    </>
  )
}
