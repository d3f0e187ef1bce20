import { DataTable } from '#components/table/data-table.tsx'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { InvitationView } from '#lib/application/access/invitation-view.ts'
import { rolesText, type FleetName } from '../role-words.ts'
import { InvitationActs } from './invitation-acts.tsx'
import { INVITATION_WORDS, INVITATIONS_SHOWN_MAX, invitationsNote } from './people-words.ts'

/** Who was invited, and what became of it; nothing where nobody was. */
export function InvitationsPart({
  invitations,
  fleets,
  nowMs,
  origin,
}: {
  invitations: readonly InvitationView[]
  fleets: readonly FleetName[]
  nowMs: number
  origin: string
}) {
  if (invitations.length === 0) return null
  return (
    <Section title="Invitations" note={invitationsNote(invitations.length)}>
      <DataTable
        label="Invitations"
        columns={[
          { key: 'email', header: 'For', cell: ({ email }) => <b>{email}</b> },
          { key: 'roles', header: 'Roles', cell: ({ roles }) => rolesText(roles, fleets) },
          {
            key: 'state',
            header: 'State',
            cell: ({ state }) => (
              <Status kind={INVITATION_WORDS[state].kind}>{INVITATION_WORDS[state].word}</Status>
            ),
          },
          { key: 'by', header: 'By', hideOnPhone: true, cell: ({ invitedBy }) => invitedBy.name },
          {
            key: 'ends',
            header: 'Ends',
            align: 'end',
            hideOnPhone: true,
            cell: ({ expiresAtMs }) => <Time at={expiresAtMs} now={nowMs} show="moment" />,
          },
          {
            key: 'acts',
            header: <span className="sr">Actions</span>,
            align: 'end',
            cell: ({ id, email, state }) =>
              state === 'open' || state === 'expired' ? (
                <InvitationActs id={id} email={email} origin={origin} />
              ) : null,
          },
        ]}
        rows={invitations.slice(0, INVITATIONS_SHOWN_MAX)}
        rowKey={({ id }) => id}
        empty={null}
      />
    </Section>
  )
}
