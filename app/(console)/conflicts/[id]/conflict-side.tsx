import { shortId } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Time } from '#components/ui/time.tsx'
import type { ShownConflict } from '#lib/application/conflicts/show-conflict.ts'
import { clockWords } from './side-words.ts'

type Side = ShownConflict['sides']['local']

/** Who made a side, when, and how right its clock was. */
export function ConflictSide({ side, query, nowMs }: { side: Side; query: string; nowMs: number }) {
  if (side === null) return <span className="den">the change log has it no more</span>
  const { deviceId, deviceName, appVersion, madeAtMs, offsetMs, committedAtMs } = side
  return (
    <>
      {deviceName === null ? (
        <span className="mono">{shortId(deviceId)}</span>
      ) : (
        <Link className="link" href={carryShared(`/devices/${deviceId}`, query)}>
          {deviceName}
        </Link>
      )}{' '}
      on {appVersion} · made <Time at={madeAtMs} now={nowMs} show="moment" /> · {clockWords(offsetMs)} · here{' '}
      <Time at={committedAtMs} now={nowMs} show="moment" />
    </>
  )
}
