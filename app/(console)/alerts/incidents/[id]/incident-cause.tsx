import { formatCount, formatPercent } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import type { IncidentImpact } from '#lib/application/alerts/incident-impact.ts'
import type { IncidentView } from '#lib/application/alerts/incidents.ts'

type Finding = NonNullable<IncidentView['cause']>['findings'][number]

const DIMENSION_WORDS: Readonly<Record<Finding['dimension'], string>> = {
  appVersion: 'Version',
  platform: 'Platform',
  collection: 'Collection',
  code: 'Code',
}

/** What stands out in what went wrong, with its share of that beside its share of all; of breakers nothing is looked for. */
export function IncidentCause({
  incident: { cause, link, alerts },
  impact,
}: {
  incident: Pick<IncidentView, 'cause' | 'link' | 'alerts'>
  impact: IncidentImpact
}) {
  if (cause === null && alerts.every(({ group }) => group.scope !== undefined)) return null
  if (cause === null)
    return (
      <Section title="No cause was found">
        <p className="sub">
          Where failures, dead letters, conflicts or resyncs fire, a version, platform, collection or code
          that has most of them, and far more than its share of all there was, is named here.
          {link === null && impact.appVersion === null ? ' The runbook says where else to look.' : ''}
        </p>
      </Section>
    )
  const [first] = cause.findings
  return (
    <Section
      title={
        first === undefined
          ? 'Likely cause'
          : `Likely cause: ${DIMENSION_WORDS[first.dimension].toLowerCase()} ${first.key} has ${formatPercent(first.part / first.ofPart)} of ${cause.noun}`
      }
      note="in the half hour before"
    >
      <ul className="shares">
        {cause.findings.map((finding) => (
          <Share key={finding.dimension} finding={finding} noun={cause.noun} />
        ))}
      </ul>
    </Section>
  )
}

function Share({ finding, noun }: { finding: Finding; noun: string }) {
  const { dimension, key, part, ofPart, whole, ofWhole } = finding
  const share = part / Math.max(1, ofPart)
  const ofAll = whole === null || ofWhole === null || ofWhole === 0 ? null : whole / ofWhole
  return (
    <li>
      <span>
        {DIMENSION_WORDS[dimension]} <b className="mono">{key}</b>
      </span>
      <span className="bar" aria-hidden="true">
        <i style={{ width: `${share * 100}%` }} />
        {ofAll === null ? null : <em style={{ left: `${ofAll * 100}%` }} />}
      </span>
      <span className="sub">
        {formatPercent(share)} of {noun} ({formatCount(part)} of {formatCount(ofPart)})
        {ofAll === null ? null : `, ${formatPercent(ofAll)} of all`}
      </span>
    </li>
  )
}
