import { plural } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import type { ReviewPage } from '#lib/application/reviews/review-page.ts'
import { FigureRows } from '../figure-rows.tsx'

type Advised = ReviewPage['advised'][number]

/** What is advised beside what is set, with the facts behind it. */
export function AdvicePart({
  advised,
  doubts,
  differences,
}: Pick<ReviewPage, 'advised' | 'doubts' | 'differences'>) {
  return (
    <Section
      title={
        differences === 0
          ? 'No setting is known to differ from what is advised'
          : `${plural(differences, 'setting')} ${differences === 1 ? 'differs' : 'differ'} from what is advised`
      }
      note="from the answers and what is measured now"
    >
      <FigureRows
        label="What is advised"
        rows={advised.map((one) => ({
          name: one.what,
          value: <Value {...one} />,
          basis: one.reasons.map(({ rule, says }) => `${says} (${rule})`).join('; '),
        }))}
      />
      {doubts.length === 0 ? null : (
        <ul className="plain-list">
          {doubts.map(({ rule, says }) => (
            <li key={says}>
              <Status kind="warn">In doubt</Status> {says} ({rule})
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

function Value({ now, advised, differs }: Advised) {
  if (advised === null)
    return <Status kind="unk">{now === null ? 'not known' : `${now}, advice not known`}</Status>
  if (differs) return <Status kind="warn">{`${now} now, advised is ${advised}`}</Status>
  return <b>{advised}</b>
}
