import type { Metadata } from 'next'
import { LinkButton } from '#components/ui/button.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { getRestore } from '#lib/application/restores/list-restores.ts'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { overview, type OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { incidentHref } from '../alerts/incident-links.ts'
import { ConsolePage } from '../console-page.tsx'
import { keptPage } from '../kept-page.tsx'
import type { PageProps } from '../search-params.ts'
import { visit, type Visit } from '../viewer.ts'
import { marksLegend, marksOf } from '../pillars/mark-words.ts'
import { readFrictionLine } from '../pillars/read-contested.ts'
import { FirstRun } from './first-run.tsx'
import { FirstSync } from './first-sync.tsx'
import { OverviewBreakers } from './overview-breakers.tsx'
import { OverviewDeadLetters } from './overview-dead-letters.tsx'
import { OverviewDevices } from './overview-devices.tsx'
import { OverviewIncidents } from './overview-incidents.tsx'
import { stepHref } from './overview-links.ts'
import { OverviewPillars } from './overview-pillars.tsx'
import { OverviewRestore } from './overview-restore.tsx'
import { OverviewVersions } from './overview-versions.tsx'

export const metadata: Metadata = { title: 'Overview · Tidemark' }

/** Is sync healthy? */
async function OverviewPage({ searchParams }: PageProps) {
  const at = await visit('/overview', searchParams)
  const words = at.span
  const answer = await overview(at.ctx, {
    fleetId: at.fleet.id,
    fromMs: words.fromMs,
    toMs: words.toMs,
  })
  const [{ restore }, friction] = await Promise.all([
    getRestore(at.ctx, { actor: at.actor, fleetId: at.fleet.id }),
    frictionIn(at, answer),
  ])
  const { verdict } = answer
  const waiting = answer.devices.heard === 0
  const collections = waiting ? await listCollections(at.ctx, { actor: at.actor, fleetId: at.fleet.id }) : []
  return (
    <ConsolePage at={at} crumbs={[{ label: 'Overview' }]} range={!waiting}>
      <FirstSync waiting={waiting} fleetName={at.fleet.name} />
      <Verdict
        sentence={verdict.sentence}
        evidence={verdict.evidence}
        {...(verdict.level === 'unk' ? { kind: 'unk' as const } : {})}
        actions={
          waiting || (verdict.step === null && answer.incidents.gravest === null) ? undefined : (
            <Steps answer={answer} query={at.query} />
          )
        }
      />
      {waiting ? (
        <>
          <OverviewRestore restore={restore} query={at.query} nowMs={at.nowMs} />
          <FirstRun at={at} collections={collections.map(({ name }) => name)} />
        </>
      ) : (
        <>
          <OverviewPillars answer={answer} words={words} friction={friction} query={at.query} />
          <div className="cols">
            <div>
              <OverviewRestore restore={restore} query={at.query} nowMs={at.nowMs} />
              <OverviewDevices answer={answer} query={at.query} />
              <OverviewVersions answer={answer} words={words} query={at.query} />
            </div>
            <div>
              <OverviewIncidents answer={answer} query={at.query} mayTake={at.fleet.role !== 'viewer'} />
              <OverviewDeadLetters answer={answer} query={at.query} />
              <OverviewBreakers answer={answer} query={at.query} />
              <p className="sub">
                {[
                  marksLegend(marksOf(answer.annotations)),
                  `grey line: ${words.compare.replace(/^vs /, '')}`,
                  'hatched: no data',
                ]
                  .filter((part) => part !== null)
                  .join(' · ')}
              </p>
            </div>
          </div>
        </>
      )}
    </ConsolePage>
  )
}

/** The worst friction in a line; where nothing conflicts it isn't looked for. */
async function frictionIn(at: Visit, { conflicts }: OverviewAnswer): Promise<string | null> {
  if (!conflicts.figure?.mutations.part) return null
  return (await readFrictionLine(at))?.line ?? null
}

/** What the verdict rests on, and before all else the incident in which a person goes on. */
function Steps({ answer: { verdict, incidents }, query }: { answer: OverviewAnswer; query: string }) {
  const { gravest } = incidents
  const { step } = verdict
  const isIncident = step?.target.page === 'incident'
  return (
    <>
      {step === null || isIncident ? null : (
        <LinkButton tone={gravest === null ? 'primary' : 'plain'} href={stepHref(step.target, query)}>
          {step.label}
        </LinkButton>
      )}
      {gravest === null ? null : (
        <LinkButton tone="primary" href={incidentHref(query, gravest.id)}>
          Open {gravest.name}
        </LinkButton>
      )}
    </>
  )
}

export default keptPage(OverviewPage)
