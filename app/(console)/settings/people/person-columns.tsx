import type { Column } from '#components/table/table-cells.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { PersonView } from '#lib/application/access/list-people.ts'
import { rolesText, type FleetName } from '../role-words.ts'
import { personState } from './people-words.ts'
import { PersonActs, type PersonActsProps } from './person-acts.tsx'

type Reader = Pick<PersonActsProps, 'scopes' | 'everywhere' | 'origin'> & {
  /** Of who reads the page. */
  actorId: string
  fleets: readonly FleetName[]
  nowMs: number
}

/** What the list says of a person, and what its reader can do about them; about themselves nothing, so nobody locks themselves out by a slip. */
export const personColumns = ({
  actorId,
  fleets,
  nowMs,
  scopes,
  everywhere,
  origin,
}: Reader): readonly Column<PersonView>[] => [
  {
    key: 'name',
    header: 'Person',
    cell: ({ name, email }) => (
      <>
        <b>{name}</b> {name === email ? null : <span className="den">{email}</span>}
      </>
    ),
  },
  { key: 'roles', header: 'Roles', cell: ({ roles }) => rolesText(roles, fleets) },
  {
    key: 'state',
    header: 'State',
    cell: (person) => {
      const { kind, word } = personState(person)
      return <Status kind={kind}>{word}</Status>
    },
  },
  {
    key: 'seen',
    header: 'Last seen',
    align: 'end',
    hideOnPhone: true,
    cell: ({ lastSeenMs }) =>
      lastSeenMs === null ? (
        <span className="den">never</span>
      ) : (
        <Time at={lastSeenMs} now={nowMs} show="age" />
      ),
  },
  {
    key: 'acts',
    header: <span className="sr">Actions</span>,
    align: 'end',
    cell: ({ id, name, disabled, roles }) =>
      id === actorId ? (
        <span className="den">you</span>
      ) : (
        <PersonActs
          id={id}
          name={name}
          disabled={disabled}
          roles={roles}
          scopes={scopes}
          everywhere={everywhere}
          origin={origin}
        />
      ),
  },
]
