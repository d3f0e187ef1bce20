import { DataTable } from '#components/table/data-table.tsx'
import type { Column } from '#components/table/table-cells.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import type { LabBoard } from '#lib/application/lab/lab-board.ts'
import { placeWords } from '../conflicts/desk-words.ts'

type Field = LabBoard['fields'][number]

/** What each strategy would make of a field alone. */
export function LabFields({ fields, total }: { fields: readonly Field[]; total: number }) {
  const strategies = fields[0]?.strategies.map(({ strategy }) => strategy) ?? []
  return (
    <Section
      title={
        fields.length === 0
          ? 'No field was contested'
          : 'What each contested field would lose by a strategy of its own'
      }
      note={
        total > fields.length
          ? `the ${fields.length} most contested of ${formatCount(total)}`
          : 'lost, or asked a person'
      }
    >
      <DataTable
        label="Contested fields"
        columns={[
          {
            key: 'place',
            header: 'Field',
            cell: ({ place }) => <span className="mono">{placeWords(place === '' ? 'record' : place)}</span>,
          },
          {
            key: 'contested',
            header: 'Contested',
            align: 'end',
            cell: ({ contested }) => <b>{formatCount(contested)}</b>,
          },
          ...strategies.map((strategy, n): Column<Field> => ({
            key: strategy,
            header: strategy,
            align: 'end',
            cell: ({ strategies: all }) => <Fate {...all[n]} />,
          })),
        ]}
        rows={fields}
        rowKey={({ place }) => place}
        empty={<EmptyState title="Both sides never changed the same field" />}
      />
    </Section>
  )
}

type Fates = Field['strategies'][number]

function Fate(fate: Partial<Fates>) {
  const { wrongWinners = 0 } = fate
  return (
    <>
      {fateWords(fate)}
      {wrongWinners === 0 ? null : <span className="den"> {formatCount(wrongWinners)} wrong</span>}
    </>
  )
}

/** What a strategy makes of a field: what it loses, where it asks, and what nobody knows. Pure. */
export function fateWords({ lostUpdates = 0, manual = 0, timeUnknown = 0 }: Partial<Fates>): string {
  const parts = [
    lostUpdates === 0 ? null : `loses ${formatCount(lostUpdates)}`,
    manual === 0 ? null : `asks ${formatCount(manual)}`,
    timeUnknown === 0 ? null : `${formatCount(timeUnknown)} not known`,
  ].filter((part) => part !== null)
  return parts.length === 0 ? 'keeps all' : parts.join(', ')
}
