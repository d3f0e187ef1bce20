import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { HeatMap } from '#components/charts/heat-map.tsx'
import { TimeChart } from '#components/charts/time-chart.tsx'
import { LinkButton } from '#components/ui/button.tsx'
import { capitalised } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { cohorts } from '#lib/application/pillars/cohorts.ts'
import { lagHeat } from '#lib/application/pillars/lag-heat.ts'
import { alertHref } from '../../alerts/new-rule/begin.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import { listHref } from '../../overview/overview-links.ts'
import type { PageProps } from '../../search-params.ts'
import { visit, type Visit } from '../../viewer.ts'
import { heatSentence } from '../heat-words.ts'
import { ConflictPairs } from '../conflict-pairs.tsx'
import { ConflictSettled } from '../conflict-settled.tsx'
import { ContestedFields } from '../contested-fields.tsx'
import { frictionVerdict } from '../friction-verdict.tsx'
import { PillarBreakdowns } from '../pillar-breakdowns.tsx'
import { Choices, PartChips, PILLAR_NAMES, PillarTabs } from '../pillar-frame.tsx'
import { PillarGroups } from '../pillar-groups.tsx'
import { behindHref, behindLabel, behindPart, deskPart } from '../pillar-links.ts'
import { readContested } from '../read-contested.ts'
import { comparedPart, partOf, readPillar } from '../read-pillar.ts'
import {
  isPending,
  loadPillarParams,
  PILLAR,
  PILLARS,
  type LagStage,
  type PillarParams,
} from '../search-params.ts'
import { VersionComparison } from '../version-comparison.tsx'

type Props = PageProps & { params: Promise<{ pillar: string }> }

export const metadata: Metadata = { title: 'Pillars · Tidemark' }

const CHART_PX = 200
const STAGES = [
  { value: 'upload', label: 'Upload' },
  { value: 'delivery', label: 'Delivery' },
  { value: 'visibility', label: 'Visibility' },
  { value: 'pending', label: 'Pending' },
  { value: 'offline', label: 'Offline' },
] as const

/** One pillar: what exactly, where, and since when? */
async function PillarPage({ params, searchParams }: Props) {
  const { pillar: name } = await params
  const pillar = PILLARS.find((one) => one === name)
  if (pillar === undefined) notFound()
  const path = `/pillars/${pillar}`
  const [at, asked] = await Promise.all([visit(path, searchParams, PILLAR), loadPillarParams(searchParams)])
  const { query, span } = at
  const range = { fleetId: at.fleet.id, fromMs: span.fromMs, toMs: span.toMs }
  const [view, compared, contested] = await Promise.all([
    readPillar(at, pillar, asked),
    cohorts(at.ctx, { ...range, ...comparedPart(asked) }),
    pillar === 'conflicts' ? readContested(at, partOf(asked)) : null,
  ])
  const verdict =
    contested === null
      ? view
      : frictionVerdict(view, contested.friction, { isPart: asked.collection !== null, nowMs: at.nowMs })
  const behind = behindHref(pillar, query, asked)
  return (
    <ConsolePage
      at={at}
      range
      crumbs={[
        { label: 'Pillars', href: carryShared('/pillars/lag', query) },
        { label: PILLAR_NAMES[pillar] },
      ]}
    >
      <PillarTabs current={pillar} query={query} />
      <Verdict
        sentence={verdict.sentence}
        evidence={verdict.evidence}
        kind={verdict.level}
        actions={
          <>
            {at.fleet.role === 'admin' ? (
              <LinkButton href={alertHref(pillar, query, asked)}>Alert on this</LinkButton>
            ) : null}
            {pillar === 'conflicts' ? (
              <LinkButton href={listHref('/conflicts', query, deskPart(asked))}>Conflict desk</LinkButton>
            ) : null}
            <LinkButton tone="primary" href={behind}>
              {behindLabel(pillar, asked)}
            </LinkButton>
          </>
        }
      />
      <PartChips params={asked} path={path} query={query} />
      <Section
        title={`${capitalised(view.subject)}, ${span.label.toLowerCase()}`}
        note={
          pillar === 'lag' ? (
            <Choices
              label="Stage"
              name="stage"
              choices={STAGES}
              current={asked.stage}
              otherwise="upload"
              path={path}
              query={query}
            />
          ) : (
            `grey: ${span.compare.replace(/^vs /, '')}; drag to zoom${pillar === 'queue' ? '' : ', click a point for its sessions'}`
          )
        }
      >
        <TimeChart
          {...view.chart}
          marks={view.marks}
          label={`${view.subject}, ${span.label.toLowerCase()}`}
          names={{ subject: view.subject, past: span.compare.replace(/^vs /, '') }}
          height={CHART_PX}
          // A snapshot is of a moment: no session is behind it.
          brush={pillar === 'queue' || isPending(asked.stage) ? {} : { pointHref: behind }}
        />
      </Section>
      {pillar === 'lag' && !isPending(asked.stage) ? (
        <Heat at={at} asked={asked} stage={asked.stage} />
      ) : null}
      {contested === null ? null : <ContestedFields at={at} heat={contested.heat} asked={asked} />}
      <div className={view.breakdowns.length === 0 ? undefined : 'cols'}>
        <div>
          {pillar === 'conflicts' && asked.source === null ? (
            <>
              <ConflictPairs at={at} asked={asked} />
              <ConflictSettled at={at} />
            </>
          ) : null}
          <PillarGroups view={view} by={asked.by} path={path} query={query} />
          <VersionComparison answer={compared} path={path} query={query} />
        </div>
        {view.breakdowns.length === 0 ? null : (
          <div>
            <PillarBreakdowns
              breakdowns={view.breakdowns}
              hrefOf={(key, value) => listHref('/sessions', query, { ...behindPart(asked), [key]: value })}
            />
          </div>
        )}
      </div>
    </ConsolePage>
  )
}

/** How the lags were spread: a p95 hides two crowds in one figure. */
async function Heat({ at, asked, stage }: { at: Visit; asked: PillarParams; stage: LagStage }) {
  const { span } = at
  const range = { fleetId: at.fleet.id, fromMs: span.fromMs, toMs: span.toMs }
  const heat = await lagHeat(at.ctx, { ...range, ...partOf(asked) }, stage)
  return (
    <Section title={heatSentence(heat)} note="darker: more of that column’s changes">
      <HeatMap
        {...heat}
        label={`How ${stage} lags were spread, ${span.label.toLowerCase()}`}
        name="changes"
      />
    </Section>
  )
}

export default keptPage(PillarPage)
