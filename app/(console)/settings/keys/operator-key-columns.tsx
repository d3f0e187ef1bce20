import type { Column } from '#components/table/table-cells.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ApiKeyView } from '#lib/application/access/api-keys.ts'
import { ALL_FLEETS, rolesText, type FleetName } from '../role-words.ts'
import { OperatorKeyActs } from './operator-key-acts.tsx'
import { operatorKeyState } from './operator-key-words.ts'

const NEVER = <span className="den">never</span>

/** What the list says of an operator key. */
export const operatorKeyColumns = (
  fleets: readonly FleetName[],
  nowMs: number,
): readonly Column<ApiKeyView>[] => [
  { key: 'name', header: 'Key', cell: ({ name }) => <b>{name}</b> },
  {
    key: 'state',
    header: 'State',
    cell: (key) => {
      const { kind, word } = operatorKeyState(key, nowMs)
      return <Status kind={kind}>{word}</Status>
    },
  },
  {
    key: 'role',
    header: 'May',
    hideOnPhone: true,
    cell: ({ role, fleetId, scopes }) => (
      <>
        {rolesText({ [fleetId ?? ALL_FLEETS]: role }, fleets)}
        {scopes.includes('metrics') ? <span className="den"> and /metrics</span> : null}
      </>
    ),
  },
  {
    key: 'used',
    header: 'Last use',
    align: 'end',
    hideOnPhone: true,
    cell: ({ lastUsedMs, lastUsedAddress }) =>
      lastUsedMs === null ? (
        NEVER
      ) : (
        <>
          <Time at={lastUsedMs} now={nowMs} show="age" />
          {lastUsedAddress === null ? null : <span className="den"> from {lastUsedAddress}</span>}
        </>
      ),
  },
  {
    key: 'ends',
    header: 'Ends',
    align: 'end',
    hideOnPhone: true,
    cell: ({ expiresAtMs }) =>
      expiresAtMs === null ? NEVER : <Time at={expiresAtMs} now={nowMs} show="moment" />,
  },
  {
    key: 'acts',
    header: <span className="sr">Actions</span>,
    align: 'end',
    cell: ({ id, name, role, revokedAtMs }) =>
      revokedAtMs === null ? <OperatorKeyActs id={id} name={name} role={role} /> : null,
  },
]
