import type { Column } from '#components/table/table-cells.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { Visit } from '../viewer.ts'
import { KeyActions, type KeyActionsProps } from './key-actions.tsx'
import { keyState, type KeyLife } from './key-words.ts'

type Row = KeyLife & { id: string; name: string; lastUsedMs: number | null }

/** What every kind of key says of itself, column by column. */
export function keyColumns(
  { nowMs, fleet }: Visit,
  { kind, stays }: Pick<KeyActionsProps, 'kind' | 'stays'>,
): Readonly<Record<'state' | 'used' | 'ends' | 'acts', Column<Row>>> {
  return {
    state: {
      key: 'state',
      header: 'State',
      cell: (key) => {
        const state = keyState(key, nowMs)
        return <Status kind={state.kind}>{state.word}</Status>
      },
    },
    used: {
      key: 'used',
      header: 'Last use',
      align: 'end',
      hideOnPhone: true,
      cell: ({ lastUsedMs }) =>
        lastUsedMs === null ? NEVER : <Time at={lastUsedMs} now={nowMs} show="age" />,
    },
    ends: {
      key: 'ends',
      header: 'Ends',
      align: 'end',
      hideOnPhone: true,
      cell: ({ expiresAtMs }) =>
        expiresAtMs === null ? NEVER : <Time at={expiresAtMs} now={nowMs} show="moment" />,
    },
    acts: {
      key: 'acts',
      header: <span className="sr">Actions</span>,
      align: 'end',
      cell: ({ id, name, revokedAtMs }) =>
        revokedAtMs === null ? (
          <KeyActions kind={kind} id={id} fleetId={fleet.id} name={name} stays={stays} />
        ) : null,
    },
  }
}

const NEVER = <span className="den">never</span>
