import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { plural } from '#components/ui/format.ts'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { Time } from '#components/ui/time.tsx'
import { getRetention } from '#lib/application/retention/change-retention.ts'
import { FIXED_KEEPS } from '#lib/application/retention/fixed-keeps.ts'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { SettingsFrame } from '../settings-frame.tsx'
import { RetentionForm } from './retention-form.tsx'

export const metadata: Metadata = { title: 'Retention · Tidemark' }

const DAY_MS = 86_400_000

/** How long is what kept? */
async function RetentionPage({ searchParams }: PageProps) {
  const at = await visit('/settings/retention', searchParams)
  const { nowMs } = at
  const { sessionsDays, eventsDays, version } = await getRetention(at.ctx, { actor: at.actor })
  const ofAll = at.actor.roles['*'] ?? null
  const tiers = [
    { what: 'Sessions', why: 'each run of a device, with its timeline', keptMs: sessionsDays * DAY_MS },
    {
      what: 'Telemetry events',
      why: 'as far back as charts can be folded again',
      keptMs: eventsDays * DAY_MS,
    },
    ...FIXED_KEEPS,
  ]
  return (
    <SettingsFrame
      at={at}
      part="retention"
      sentence={`Sessions are kept for ${plural(sessionsDays, 'day')}, telemetry events for ${plural(eventsDays, 'day')}`}
      evidence="Both hold for every fleet of this installation. What is past its time goes within the hour, by whole days, and does not come back; the rest of the list is what sync and charts rest on."
      actions={
        ofAll === 'admin' ? (
          <RetentionForm sessionsDays={sessionsDays} eventsDays={eventsDays} version={version} />
        ) : undefined
      }
    >
      <DataTable
        label="What is kept"
        columns={[
          { key: 'what', header: 'What', cell: ({ what }) => <b>{what}</b> },
          { key: 'why', header: 'For', hideOnPhone: true, cell: ({ why }) => why },
          {
            key: 'kept',
            header: 'Kept',
            align: 'end',
            cell: ({ keptMs }) => plural(Math.round(keptMs / DAY_MS), 'day'),
          },
          {
            key: 'until',
            header: 'Goes when it is older than',
            align: 'end',
            hideOnPhone: true,
            cell: ({ keptMs }) => <Time at={nowMs - keptMs} now={nowMs} show="moment" />,
          },
        ]}
        rows={tiers}
        rowKey={({ what }) => what}
        empty={null}
      />
      {ofAll === 'admin' ? null : (
        <ForbiddenState
          title="You can see how long things are kept, not change it"
          role={ofAll ?? `${at.fleet.role} in this fleet`}
          needs="admin"
          detail="It has to hold in every fleet."
        />
      )}
    </SettingsFrame>
  )
}

export default keptPage(RetentionPage)
