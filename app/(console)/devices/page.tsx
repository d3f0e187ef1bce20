import type { Metadata } from 'next'
import type { Facet } from '#components/table/filter-bar.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { listDevices } from '#lib/application/devices/list-devices.ts'
import { ListFrame } from '../list-frame.tsx'
import { keptPage } from '../kept-page.tsx'
import { LIST, type PageProps } from '../search-params.ts'
import { visit } from '../viewer.ts'
import { deviceViews } from '#lib/application/devices/device-views.ts'
import { devicesListSentence } from './device-words.ts'
import { DevicesTable } from './devices-table.tsx'
import { DEVICE_KEYS, deviceFilter, loadDevicesParams } from './search-params.ts'

export const metadata: Metadata = { title: 'Devices · Tidemark' }

const FACETS: readonly Facet[] = [
  ...['offline', 'backoff', 'shed', 'halted'].map((value) => ({ key: 'state', value, label: value })),
  { key: 'has', value: 'waiting', label: 'changes waiting' },
]

const NOTHING = { items: [], nextCursor: null } as const

/** Who? */
async function DevicesPage({ searchParams }: PageProps) {
  const [at, params] = await Promise.all([
    visit('/devices', searchParams, LIST),
    loadDevicesParams(searchParams),
  ])
  const { filter, problem } = deviceFilter(params.q)
  const query = { ...filter, cursor: params.cursor ?? undefined }
  const { items, nextCursor } =
    problem === null ? await listDevices(at.ctx, { actor: at.actor, fleetId: at.fleet.id, query }) : NOTHING
  const scope = { q: params.q, more: nextCursor !== null, later: params.cursor !== null }
  const rows = deviceViews(items, at.nowMs, at.fleet.intervalMs)
  const unfiltered = params.q === '' && at.fleet.devices !== null
  return (
    <ListFrame
      at={at}
      label="Devices"
      sentence={devicesListSentence(rows, scope)}
      evidence="By last contact, newest first. What waits on a device is as it last reported."
      keys={DEVICE_KEYS}
      facets={FACETS}
      problem={problem}
      shown={items.length}
      nextCursor={nextCursor}
      {...(unfiltered && at.fleet.devices !== null ? { matching: at.fleet.devices } : {})}
    >
      <DevicesTable
        rows={rows}
        query={at.query}
        nowMs={at.nowMs}
        empty={
          params.q === '' ? (
            <EmptyState
              word="Waiting"
              title="No device is enrolled in this fleet"
              detail={
                <code className="mono">{`npm run tidemark -- enrollment create --fleet ${at.fleet.id}`}</code>
              }
            />
          ) : (
            <EmptyState
              title={problem === null ? 'No device matches this filter' : 'Nothing was searched'}
              detail="Take fewer filters."
            />
          )
        }
      />
    </ListFrame>
  )
}

export default keptPage(DevicesPage)
