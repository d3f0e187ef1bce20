import { EmptyState } from '#components/ui/empty-state.tsx'
import { plural, shortId } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import type { LabFindingName, LabRow } from '#lib/application/lab/lab-board.ts'
import { placeWords } from '../conflicts/desk-words.ts'
import { FINDING_WORDS, wayWords } from './lab-words.ts'

type Example = LabRow['differs']['examples'][number]

/** What of the report is looked at: a row and a finding of it; null for what names none. Pure. */
export function shownOf(
  show: string | null,
  rows: readonly LabRow[],
): { readonly row: LabRow; readonly finding: LabFindingName | 'differs' } | null {
  const at = show?.lastIndexOf('.') ?? -1
  const row = rows.find(({ id }) => id === show?.slice(0, at))
  const finding = show?.slice(at + 1)
  if (row === undefined || finding === undefined) return null
  if (finding === 'differs') return { row, finding }
  return isFinding(finding) ? { row, finding } : null
}

const isFinding = (text: string): text is LabFindingName => Object.hasOwn(FINDING_WORDS, text)

/** The conflicts behind a figure, the newest of them. */
export function LabExamples({
  row,
  finding,
  query,
}: {
  row: LabRow
  finding: LabFindingName | 'differs'
  query: string
}) {
  const examples = finding === 'differs' ? row.differs.examples : row.examples[finding]
  const about =
    finding === 'differs'
      ? {
          title: 'Comes out otherwise than now',
          about: 'by the present settings another document came of it',
        }
      : FINDING_WORDS[finding]
  return (
    <Section title={`${about.title} by ${wayWords(row)}`} note={about.about} className="lab-examples">
      <div id="examples" />
      {examples.length === 0 ? (
        <EmptyState title="None" />
      ) : (
        <ul className="lab-list">
          {examples.map((one) => (
            <li key={one.conflictId}>
              <Link className="link" href={carryShared(`/conflicts/${one.conflictId}`, query)}>
                Conflict {shortId(one.conflictId)}
              </Link>{' '}
              of record <span className="mono">{shortId(one.recordId)}</span>: {whatOf(one, finding)}
            </li>
          ))}
        </ul>
      )}
      <p className="sub">{`The newest ${plural(examples.length, 'conflict')} of these, each as all sides have it.`}</p>
    </Section>
  )
}

/** What comes of one conflict, in words. Pure. */
export function whatOf({ places, side, comesTo }: Example, finding: LabFindingName | 'differs'): string {
  const where = places.map((place) => placeWords(place === '' ? 'record' : place)).join(', ')
  if (finding === 'manual' || comesTo === 'person')
    return where === '' ? 'a person decides' : `a person decides over ${where}`
  if (comesTo === 'unfit') return 'what comes of it is refused'
  if (places.length === 0) return 'nothing is lost'
  return side === null
    ? `both sides lose ${where}`
    : `${side === 'local' ? 'the device' : 'whoever wrote before'} loses ${where}`
}
