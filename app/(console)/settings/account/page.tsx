import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { formatRound, plural } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import { getAccount } from '#lib/application/access/account.ts'
import { listOwnSessions } from '#lib/application/access/own-sessions.ts'
import { PASSWORD_CHARS_MIN } from '#lib/application/access/password.ts'
import { SESSION_IDLE_MS, SESSION_LIFE_MS } from '#lib/application/access/sessions.ts'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { SettingsFrame } from '../settings-frame.tsx'
import { EndSession, EndSessions, NameForm, PasswordForm, UnlinkIdentity } from './account-forms.tsx'
import { browserName } from './browser-name.ts'

export const metadata: Metadata = { title: 'Your account · Tidemark' }

const HOW = new Map([
  ['password', 'password'],
  ['link', 'sign-in link'],
  ['oidc', 'sign-in provider'],
])

/** Where am I signed in, and by what? */
async function AccountPage({ searchParams }: PageProps) {
  const at = await visit('/settings/account', searchParams)
  const [account, sessions] = await Promise.all([getAccount(at.ctx, at), listOwnSessions(at.ctx, at)])
  return (
    <SettingsFrame
      at={at}
      part="account"
      sentence={`You are ${account.name}, signed in on ${plural(sessions.length, 'browser')}`}
      evidence={`A session ends ${formatRound(SESSION_IDLE_MS)} after its last request, and ${formatRound(SESSION_LIFE_MS)} after it began.`}
      actions={<EndSessions others={sessions.length - 1} />}
    >
      <DataTable
        label="Your sessions"
        columns={[
          {
            key: 'browser',
            header: 'Browser',
            cell: ({ userAgent, current }) => (
              <>
                <b title={userAgent ?? undefined}>{browserName(userAgent)}</b>
                {current ? <span className="den"> this one</span> : null}
              </>
            ),
          },
          {
            key: 'address',
            header: 'From',
            cell: ({ address }) => <span className="mono">{address ?? 'not told'}</span>,
          },
          { key: 'how', header: 'By', hideOnPhone: true, cell: ({ how }) => HOW.get(how) },
          {
            key: 'begun',
            header: 'Begun',
            align: 'end',
            hideOnPhone: true,
            cell: ({ createdAtMs }) => <Time at={createdAtMs} now={at.nowMs} show="moment" />,
          },
          {
            key: 'seen',
            header: 'Last request',
            align: 'end',
            cell: ({ lastSeenMs }) => <Time at={lastSeenMs} now={at.nowMs} show="age" />,
          },
          {
            key: 'acts',
            header: <span className="sr">Actions</span>,
            align: 'end',
            cell: ({ id, userAgent, current }) => (
              <EndSession id={id} name={browserName(userAgent)} current={current} />
            ),
          },
        ]}
        rows={sessions}
        rowKey={({ id }) => id}
        empty={null}
      />
      <div className="cols">
        <div>
          <Section title="Password" note="setting one ends your other sessions">
            <PasswordForm hasPassword={account.hasPassword} charsMin={PASSWORD_CHARS_MIN} />
          </Section>
        </div>
        <div>
          <Section title="Who you are">
            <KeyValue
              items={[
                { key: 'E-mail', value: account.email },
                ...account.identities.map(({ issuer }) => ({
                  key: 'Known at',
                  value: (
                    <>
                      <span className="mono">{issuer}</span> <UnlinkIdentity issuer={issuer} />
                    </>
                  ),
                })),
              ]}
            />
            <NameForm name={account.name} />
          </Section>
        </div>
      </div>
    </SettingsFrame>
  )
}

export default keptPage(AccountPage)
