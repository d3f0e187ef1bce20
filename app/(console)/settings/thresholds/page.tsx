import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { plural } from '#components/ui/format.ts'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { KeyValue } from '#components/ui/key-value.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { DEFAULT_LIMITS } from '#lib/application/fleets/fleet-input.ts'
import { getFleet } from '#lib/application/fleets/change-fleet.ts'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { SettingsFrame } from '../settings-frame.tsx'
import { FLEET_FIELDS, limitText, ownText } from './threshold-fields.ts'
import { ThresholdsForm } from './thresholds-form.tsx'

export const metadata: Metadata = { title: 'Thresholds · Tidemark' }

/** What is sync judged by? */
async function ThresholdsPage({ searchParams }: PageProps) {
  const at = await visit('/settings/thresholds', searchParams)
  const { fleet } = at
  const [{ settings, configVersion }, collections] = await Promise.all([
    getFleet(at.ctx, { actor: at.actor, id: fleet.id }),
    listCollections(at.ctx, { actor: at.actor, fleetId: fleet.id }),
  ])
  const own = settings.thresholds ?? {}
  const set = Object.keys(own).length
  const ofTheirOwn = collections.filter(({ thresholds }) => ownText(thresholds) !== null)
  return (
    <SettingsFrame
      at={at}
      part="thresholds"
      sentence={
        set === 0
          ? `${fleet.name} is judged by the defaults`
          : `${fleet.name} sets ${set} of its ${plural(FLEET_FIELDS.length, 'threshold')} itself`
      }
      evidence="Verdicts, the limits on charts, why a device is stuck, and the rules for Prometheus all go by these."
    >
      <div className="cols">
        <div>
          <Section title="The fleet" note="an empty field goes by the default">
            {fleet.role === 'admin' ? (
              <ThresholdsForm
                fleetId={fleet.id}
                otherwise={DEFAULT_LIMITS}
                own={own}
                version={configVersion}
                collectionId={null}
              />
            ) : (
              <>
                <KeyValue
                  items={FLEET_FIELDS.map((field) => ({
                    key: `${field.label} (${field.judges})`,
                    value: limitText(field, fleet.limits[field.name]),
                  }))}
                />
                <ForbiddenState
                  title="You can see the thresholds, not change them"
                  role={fleet.role}
                  needs="admin"
                />
              </>
            )}
          </Section>
        </div>
        <div>
          <Section title="Collections of their own" note="these come before the fleet’s">
            <DataTable
              label="Collections with thresholds of their own"
              columns={[
                { key: 'name', header: 'Collection', cell: ({ name }) => <b>{name}</b> },
                { key: 'own', header: 'Its own', cell: ({ thresholds }) => ownText(thresholds) },
              ]}
              rows={ofTheirOwn}
              rowKey={({ id }) => id}
              rowHref={({ id }) => carryShared(`/collections/${id}`, at.query)}
              empty={
                <EmptyState
                  good
                  title="Every collection is judged as the fleet is"
                  detail="A collection’s page has its thresholds."
                />
              }
            />
          </Section>
        </div>
      </div>
    </SettingsFrame>
  )
}

export default keptPage(ThresholdsPage)
