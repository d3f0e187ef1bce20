import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { formatCount, formatRound, plural } from '#components/ui/format.ts'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { KeyValue } from '#components/ui/key-value.tsx'
import { withParams } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import { getFleet } from '#lib/application/fleets/change-fleet.ts'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { SettingsFrame } from '../settings-frame.tsx'
import { FleetForm, NewFleet } from './fleet-forms.tsx'

export const metadata: Metadata = { title: 'Fleets · Tidemark' }

/** Whose devices are these? */
async function FleetsPage({ searchParams }: PageProps) {
  const at = await visit('/settings/fleets', searchParams)
  const { fleets, nowMs } = at
  const fleet = await getFleet(at.ctx, { actor: at.actor, id: at.fleet.id })
  const { settings } = fleet
  return (
    <SettingsFrame
      at={at}
      part="fleets"
      sentence={`${plural(fleets.length, 'fleet')}; this is ${fleet.name}`}
      evidence="A fleet is one application’s devices and data. After a restore from a backup it counts as a new epoch: each device reads everything anew, and sends again what the backup may lack."
      actions={at.actor.roles['*'] === 'admin' ? <NewFleet /> : undefined}
    >
      <DataTable
        label="Fleets"
        columns={[
          { key: 'name', header: 'Fleet', cell: ({ name }) => <b>{name}</b> },
          {
            key: 'devices',
            header: 'Devices',
            align: 'end',
            cell: ({ devices }) =>
              devices === null ? <span className="den">not counted</span> : formatCount(devices),
          },
          { key: 'epoch', header: 'Epoch', align: 'end', cell: ({ epoch }) => formatCount(epoch) },
          { key: 'role', header: 'Your role', cell: ({ role }) => role },
          {
            key: 'made',
            header: 'Made',
            align: 'end',
            hideOnPhone: true,
            cell: ({ createdAtMs }) => <Time at={createdAtMs} now={nowMs} show="moment" />,
          },
        ]}
        rows={fleets}
        rowKey={({ id }) => id}
        rowHref={({ id }) => withParams('/settings/fleets', at.query, { fleet: id })}
        empty={null}
      />
      <div className="cols">
        <div>
          <Section title={fleet.name} note="devices take it with their next contact">
            {at.fleet.role === 'admin' ? (
              <FleetForm
                id={fleet.id}
                name={fleet.name}
                configVersion={fleet.configVersion}
                intervalMs={settings.intervalMs}
                minAppVersion={settings.minAppVersion}
                allowedOrigins={settings.allowedOrigins}
              />
            ) : (
              <>
                <KeyValue
                  items={[
                    { key: 'Devices sync every', value: formatRound(settings.intervalMs) },
                    { key: 'Least app version', value: settings.minAppVersion ?? 'any' },
                    {
                      key: 'Origins of web apps',
                      value:
                        settings.allowedOrigins.length === 0 ? 'none' : settings.allowedOrigins.join(', '),
                    },
                  ]}
                />
                <ForbiddenState
                  title="You can see this fleet’s settings, not change them"
                  role={at.fleet.role}
                  needs="admin"
                />
              </>
            )}
          </Section>
        </div>
        <div>
          <Section title="As devices know it">
            <KeyValue
              items={[
                { key: 'Id', value: <span className="mono">{fleet.id}</span> },
                { key: 'Epoch', value: formatCount(fleet.epoch) },
                { key: 'Config version', value: formatCount(fleet.configVersion) },
              ]}
            />
          </Section>
        </div>
      </div>
    </SettingsFrame>
  )
}

export default keptPage(FleetsPage)
