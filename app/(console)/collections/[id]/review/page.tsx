import type { Metadata } from 'next'
import { LinkButton } from '#components/ui/button.tsx'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { reviewHistory } from '#lib/application/reviews/review-history.ts'
import { reviewPage, type ReviewPage } from '#lib/application/reviews/review-page.ts'
import { ConsolePage } from '../../../console-page.tsx'
import { keptPage } from '../../../kept-page.tsx'
import { loadPaged, PAGED, type ItemProps } from '../../../search-params.ts'
import { itemId, orNotFound, visit } from '../../../viewer.ts'
import { CollectionTabs } from '../collection-tabs.tsx'
import { FigureRows } from '../figure-rows.tsx'
import { AdvicePart } from './advice-part.tsx'
import { ReviewForm } from './review-form.tsx'
import { VersionsPart } from './versions-part.tsx'

export const metadata: Metadata = { title: 'Design review · Tidemark' }

/** Is the collection set as its data asks for? */
async function CollectionReviewPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const at = await visit(`/collections/${id}/review`, searchParams, PAGED)
  const { fleet, nowMs, query } = at
  const { cursor } = await loadPaged(searchParams)
  const which = { actor: at.actor, fleetId: fleet.id, id }
  const [page, history] = await Promise.all([
    orNotFound(reviewPage(at.ctx, which)),
    orNotFound(reviewHistory(at.ctx, { ...which, cursor })),
  ])
  const { collection, review } = page
  return (
    <ConsolePage
      at={at}
      crumbs={[
        { label: 'Collections', href: carryShared('/collections', query) },
        { label: collection.name, mono: true, href: carryShared(`/collections/${id}`, query) },
        { label: 'Design review' },
      ]}
    >
      <CollectionTabs id={id} name={collection.name} part="review" query={query} />
      <Verdict
        sentence={page.verdict}
        evidence={
          review === null ? (
            'Each question is answered by what is measured and by what you know.'
          ) : (
            <>
              Version {review.version} by {review.actor}, <Time at={review.atMs} now={nowMs} />. What is
              measured is of the last 30 days, or since the collection was made.
            </>
          )
        }
        actions={<LinkButton href={carryShared(`/collections/${id}/scar`, query)}>SCAR report</LinkButton>}
      />
      <AdvicePart {...page} />
      <Section title="The five questions" note="measured, then answered by a person">
        {fleet.role === 'admin' ? (
          <ReviewForm
            id={id}
            fleetId={fleet.id}
            version={review?.version ?? 0}
            questions={page.questions.map(({ figures, ...question }) => ({
              ...question,
              facts: <FigureRows label={`Measured: ${question.title}`} rows={figures} />,
            }))}
            fields={page.fields}
            fieldKinds={page.fieldKinds}
          />
        ) : (
          <>
            <Answers page={page} />
            <ForbiddenState title="You can read the review, not answer it" role={fleet.role} needs="admin" />
          </>
        )}
      </Section>
      <VersionsPart history={history} nowMs={nowMs} place={{ path: at.path, query }} />
    </ConsolePage>
  )
}

function Answers({ page: { questions, fields } }: { page: ReviewPage }) {
  return (
    <>
      {questions.map(({ question, title, asks, answer, note, figures }) => (
        <div key={question} className="question">
          <h3>{asks}</h3>
          <FigureRows label={`Measured: ${title}`} rows={figures} />
          <p>
            <b>{answer}</b> {note}
          </p>
        </div>
      ))}
      {fields.length === 0 ? null : (
        <ul className="plain-list">
          {fields.map(({ place, says }) => (
            <li key={place}>
              <span className="mono">{place}</span> {says}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

export default keptPage(CollectionReviewPage)
