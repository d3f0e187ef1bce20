import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount } from '#components/ui/format.ts'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { listEnrollmentKeys } from '#lib/application/enrollment/create-enrollment-key.ts'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { keyColumns } from '../key-columns.tsx'
import { accessText, keysSentence } from '../key-words.ts'
import { SettingsFrame } from '../settings-frame.tsx'
import { NewEnrollmentKey } from './new-enrollment-key.tsx'

export const metadata: Metadata = { title: 'Enrollment keys · Tidemark' }

const STAYS = 'No device enrolls by it any more. Devices that came in by it stay.'

/** Who lets devices in? */
async function EnrollmentPage({ searchParams }: PageProps) {
  const at = await visit('/settings/enrollment', searchParams)
  const { fleet } = at
  if (fleet.role !== 'admin') {
    return (
      <SettingsFrame at={at} part="enrollment" sentence={`Keys let devices enroll in ${fleet.name}`}>
        <ForbiddenState title="You cannot see this fleet’s keys" role={fleet.role} needs="admin" />
      </SettingsFrame>
    )
  }
  const which = { actor: at.actor, fleetId: fleet.id }
  const [keys, collections] = await Promise.all([
    listEnrollmentKeys(at.ctx, which),
    listCollections(at.ctx, which),
  ])
  const { state, used, ends, acts } = keyColumns(at, { kind: 'enrollment-keys', stays: STAYS })
  return (
    <SettingsFrame
      at={at}
      part="enrollment"
      sentence={keysSentence(keys, at.nowMs, `devices into ${fleet.name}`)}
      evidence="A key’s text is shown once, when it is made. Revoking one ends no device."
      actions={
        <NewEnrollmentKey
          fleetId={fleet.id}
          fleetName={fleet.name}
          collections={collections.map(({ name }) => name)}
        />
      }
    >
      <DataTable
        label="Enrollment keys"
        columns={[
          { key: 'name', header: 'Key', cell: ({ name }) => <b>{name}</b> },
          state,
          { key: 'opens', header: 'Opens', hideOnPhone: true, cell: ({ access }) => accessText(access) },
          {
            key: 'devices',
            header: 'Enrolled',
            align: 'end',
            cell: ({ devices, maxDevices }) => (
              <>
                {formatCount(devices)}
                {maxDevices === null ? null : <span className="den"> of {formatCount(maxDevices)}</span>}
              </>
            ),
          },
          used,
          ends,
          acts,
        ]}
        rows={keys}
        rowKey={({ id }) => id}
        empty={
          <EmptyState
            word="Waiting"
            title="No device can enroll in this fleet"
            detail="Make a key and give it to the app; each device that shows it gets a token of its own."
          />
        }
      />
    </SettingsFrame>
  )
}

export default keptPage(EnrollmentPage)
