import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { Pager } from '#components/table/pager.tsx'
import type { Column } from '#components/table/table-cells.tsx'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import {
  listSilences,
  standingSilences,
  type SilenceView,
  type StandingSilence,
} from '#lib/application/alerts/silences.ts'
import { SILENCE_FIELDS } from '#lib/query/alert-fields.ts'
import { keptPage } from '../../kept-page.tsx'
import { listFilter } from '../../list-filter.ts'
import { ListFrame } from '../../list-frame.tsx'
import { LIST, loadList, type PageProps } from '../../search-params.ts'
import { visit, type Visit } from '../../viewer.ts'
import { AlertsTabs } from '../alerts-tabs.tsx'
import { SilenceActs } from './silence-acts.tsx'
import { NewSilence } from './silence-form.tsx'
import {
  matchersText,
  overText,
  PHASES,
  silencedText,
  silencesEvidence,
  silencesSentence,
} from './silence-words.ts'

export const metadata: Metadata = { title: 'Silences · Tidemark' }

const NOTHING = { items: [], nextCursor: null } as const

/** What is nobody told of, until when, and why? */
async function SilencesPage({ searchParams }: PageProps) {
  const [at, { q, cursor }] = await Promise.all([
    visit('/alerts/silences', searchParams, LIST),
    loadList(searchParams),
  ])
  const { fleet } = at
  const { filter, problem } = listFilter(q, SILENCE_FIELDS)
  const who = { actor: at.actor, fleetId: fleet.id }
  const [standing, past] =
    problem === null
      ? await Promise.all([
          standingSilences(at.ctx, { ...who, q }),
          listSilences(at.ctx, { ...who, query: { q, ...(cursor === null ? {} : { cursor }) } }),
        ])
      : [[], NOTHING]
  const over = past.items.filter(({ phase }) => phase === 'over')
  const mayAct = fleet.role !== 'viewer'
  return (
    <ListFrame
      at={at}
      label="Silences"
      tabs={<AlertsTabs part="/alerts/silences" query={at.query} />}
      sentence={silencesSentence(standing, over.length, q)}
      evidence={`${silencesEvidence(standing)}${mayAct ? '' : ` Your role is ${fleet.role}; making one needs operator.`}`}
      fields={SILENCE_FIELDS}
      filter={filter}
      facets={[]}
      counted={null}
      views={null}
      problem={problem}
      actions={
        mayAct ? (
          <NewSilence fleetId={fleet.id} trigger={<Button tone="primary">New silence…</Button>} />
        ) : undefined
      }
    >
      <DataTable
        label="Silences that hold or are coming"
        columns={standingColumns(at, mayAct)}
        rows={standing}
        rowKey={({ id }) => id}
        empty={
          <EmptyState
            good={q === ''}
            title={q === '' ? 'Everything that fires is told' : 'None of these holds or is coming'}
          />
        }
      />
      {over.length === 0 && past.nextCursor === null && cursor === null ? null : (
        <Section title="Over" note="newest first">
          <DataTable
            label="Silences that are over"
            columns={overColumns(at.nowMs)}
            rows={over}
            rowKey={({ id }) => id}
            empty={<EmptyState title="None on this page is over" />}
          />
          <Pager
            place={{ path: at.path, query: at.query }}
            shown={over.length}
            nextCursor={past.nextCursor}
          />
        </Section>
      )}
    </ListFrame>
  )
}

const what = <Row extends SilenceView>(): Column<Row> => ({
  key: 'what',
  header: 'Silences',
  cell: ({ matchers, comment }) => (
    <>
      <b>{matchersText(matchers)}</b> <span className="den">“{comment}”</span>
    </>
  ),
})

const standingColumns = ({ fleet, nowMs }: Visit, mayAct: boolean): readonly Column<StandingSilence>[] => [
  what(),
  {
    key: 'phase',
    header: 'State',
    cell: ({ phase }) => <Status kind={PHASES[phase].kind}>{PHASES[phase].word}</Status>,
  },
  { key: 'silenced', header: 'Silenced now', hideOnPhone: true, cell: silencedText },
  {
    key: 'begins',
    header: 'Begins',
    hideOnPhone: true,
    cell: ({ startsAtMs }) => <Time at={startsAtMs} now={nowMs} show="moment" />,
  },
  { key: 'ends', header: 'Ends', cell: ({ endsAtMs }) => <Time at={endsAtMs} now={nowMs} show="moment" /> },
  { key: 'by', header: 'By', hideOnPhone: true, cell: ({ by }) => by.name },
  ...(mayAct
    ? [
        {
          key: 'acts',
          header: <span className="sr">Actions</span>,
          align: 'end' as const,
          cell: ({ id, version, comment, startsAtMs, phase }: StandingSilence) => (
            <SilenceActs
              fleetId={fleet.id}
              id={id}
              version={version}
              comment={comment}
              startsAtMs={startsAtMs}
              isActive={phase === 'active'}
            />
          ),
        },
      ]
    : []),
]

const overColumns = (nowMs: number): readonly Column<SilenceView>[] => [
  what(),
  {
    key: 'began',
    header: 'Began',
    hideOnPhone: true,
    cell: ({ startsAtMs, endedAtMs }) =>
      endedAtMs !== null && endedAtMs < startsAtMs ? (
        <span className="den">never began</span>
      ) : (
        <Time at={startsAtMs} now={nowMs} show="moment" />
      ),
  },
  {
    key: 'over',
    header: 'Over',
    cell: (silence) => (
      <>
        <Time at={silence.endedAtMs ?? silence.endsAtMs} now={nowMs} show="moment" />{' '}
        <span className="den">{overText(silence)}</span>
      </>
    ),
  },
  { key: 'by', header: 'By', hideOnPhone: true, cell: ({ by }) => by.name },
]

export default keptPage(SilencesPage)
