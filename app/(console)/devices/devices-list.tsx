'use client'
import { useCallback, useMemo } from 'react'
import { carryShared, withParams } from '#components/ui/search-params.ts'
import { deviceViews, type DeviceView } from '#lib/application/devices/device-views.ts'
import type { DeviceSort } from '#lib/query/device-fields.ts'
import { ApiList, type FirstRows } from '../api-list.tsx'
import { deviceColumns } from './device-columns.tsx'
import { SORT_WORDS } from './sort-words.ts'

export type DevicesListProps = FirstRows<DeviceView> & {
  sort: DeviceSort
  /** How often the fleet's devices are to be heard: one that is silent for longer is offline. */
  intervalMs: number
}

/** All devices that match, as far as one scrolls. */
export function DevicesList({ sort, intervalMs, ...list }: DevicesListProps) {
  const { nowMs, end } = list
  const { path, query } = end
  const columns = useMemo(
    () => deviceColumns(nowMs, sort, (to) => withParams(path, query, { sort: to, cursor: null })),
    [nowMs, sort, path, query],
  )
  const toRows = useCallback(
    (items: readonly DeviceView['device'][], atMs: number) => deviceViews(items, atMs, intervalMs),
    [intervalMs],
  )
  const hrefOf = useCallback(({ device }: DeviceView) => carryShared(`/devices/${device.id}`, query), [query])
  return (
    <ApiList
      label={`Devices, ${SORT_WORDS[sort]}`}
      columns={columns}
      list={list}
      toRows={toRows}
      rowKey={keyOf}
      rowHref={hrefOf}
    />
  )
}

const keyOf = ({ device }: DeviceView): string => device.id
