import type { Metadata } from 'next'
import { LinkButton } from '#components/ui/button.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { showScar } from '#lib/application/reviews/show-scar.ts'
import { ConsolePage } from '../../../console-page.tsx'
import { keptPage } from '../../../kept-page.tsx'
import type { ItemProps } from '../../../search-params.ts'
import { itemId, orNotFound, visit } from '../../../viewer.ts'
import { CollectionTabs } from '../collection-tabs.tsx'
import { FigureRows } from '../figure-rows.tsx'
import { PrintButton } from './print-button.tsx'

export const metadata: Metadata = { title: 'SCAR report · Tidemark' }

/** Why is the collection built as it is, and how does it hold up? */
async function ScarPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const at = await visit(`/collections/${id}/scar`, searchParams)
  const { fleet, nowMs, query } = at
  const report = await orNotFound(showScar(at.ctx, { actor: at.actor, fleetId: fleet.id, id }))
  const file = `/api/admin/v1/collections/${id}/scar?fleet=${encodeURIComponent(fleet.id)}&format=md`
  return (
    <ConsolePage
      at={at}
      className="page scar"
      crumbs={[
        { label: 'Collections', href: carryShared('/collections', query) },
        { label: report.collection, mono: true, href: carryShared(`/collections/${id}`, query) },
        { label: 'SCAR report' },
      ]}
    >
      <CollectionTabs id={id} name={report.collection} part="scar" query={query} />
      <Verdict
        sentence={report.verdict}
        evidence={
          <>
            SCAR report of {report.collection} in {report.fleet}, <Time at={report.atMs} now={nowMs} />,{' '}
            {report.reviewVersion === null
              ? 'without a design review'
              : `on version ${report.reviewVersion} of the design review`}
            .
          </>
        }
        actions={
          <>
            <LinkButton href={carryShared(`/collections/${id}/review`, query)}>Design review</LinkButton>
            <a className="btn" href={file} download>
              Save as Markdown
            </a>
            <PrintButton />
          </>
        }
      />
      {report.sections.map(({ letter, title, lead, parts }) => (
        <Section key={letter} title={`${letter}: ${title}`} className="letter">
          <p>{lead}</p>
          {parts.map((part) => (
            <div key={part.title} className="scar-part">
              <h3>{part.title}</h3>
              <FigureRows label={part.title} rows={part.rows} />
            </div>
          ))}
        </Section>
      ))}
    </ConsolePage>
  )
}

export default keptPage(ScarPage)
