import { FieldHeat } from '#components/charts/field-heat.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import type { Visit } from '../viewer.ts'
import { contestedNote, contestedRows, contestedSentence, type Heat } from './contested-words.ts'
import type { PillarParams } from './search-params.ts'

/** Which fields are contested, and when; a row and a cell lead to their conflicts. */
export function ContestedFields({ at, heat, asked }: { at: Visit; heat: Heat; asked: PillarParams }) {
  const { rows, fields, columns, collections, fromMs, toMs, stepMs } = heat
  const isEmpty = rows.length === 0
  return (
    <Section title={contestedSentence(heat)} {...(isEmpty ? {} : { note: contestedNote(heat) })}>
      {isEmpty ? (
        <NoField isTold={collections.every(({ conflicts }) => conflicts === 0)} />
      ) : (
        <FieldHeat
          {...{ columns, fromMs, toMs, stepMs }}
          label={`Conflicts by field, ${at.span.label.toLowerCase()}`}
          rows={contestedRows(heat, asked.version)}
          othersLeft={fields - rows.length}
          list={{
            path: '/conflicts',
            query: new URL(carryShared('/', at.query), 'http://local.invalid').search,
          }}
          timeKey="arose"
        />
      )}
    </Section>
  )
}

const NoField = ({ isTold }: { isTold: boolean }) =>
  isTold ? (
    <EmptyState good word="None" title="No conflict in this time" />
  ) : (
    <EmptyState
      title="These conflicts name no field"
      detail="Other engines tell how many there were, and no more."
    />
  )
