'use client'
import { useRouter } from 'next/navigation'
import { useRef, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog } from '#components/ui/dialog.tsx'
import { Icon } from '#components/ui/icon.tsx'
import { Menu, type MenuItem } from '#components/ui/menu.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson, type Sent } from '../../send-json.ts'
import { fieldText } from '../field-text.ts'
import { ALL_FLEETS } from '../role-words.ts'
import { LinkDialog } from './link-dialog.tsx'
import { RoleFields, type RoleFieldsProps } from './role-fields.tsx'

export type PersonActsProps = RoleFieldsProps & {
  id: string
  name: string
  disabled: boolean
  /** Where a link begins. */
  origin: string
  /** Whether the reader administers every fleet: shutting somebody out takes that. */
  everywhere: boolean
}

type Act = 'sign-out' | 'disable' | 'enable' | 'remove'

/** What an act is called, what it means, and how it is sent. */
const ACTS: Readonly<
  Record<
    Act,
    {
      label: string
      title: (name: string) => string
      about: string
      done: string
      danger: boolean
      reason: 'required' | 'none'
      send: (url: string, reason: string) => Promise<Sent>
    }
  >
> = {
  'sign-out': {
    label: 'Sign out',
    title: (name) => `Sign ${name} out everywhere?`,
    about: 'Every browser of theirs has to sign in again. Their roles stay.',
    done: 'Signed out',
    danger: false,
    reason: 'none',
    send: (url) => sendJson('POST', `${url}/end-sessions`, {}),
  },
  disable: {
    label: 'Disable',
    title: (name) => `Disable ${name}?`,
    about: 'They are signed out with their next request and cannot come in until somebody enables them.',
    done: 'Disabled',
    danger: true,
    reason: 'required',
    send: (url, reason) => sendJson('PATCH', url, { disabled: true, reason }),
  },
  enable: {
    label: 'Enable',
    title: (name) => `Enable ${name}?`,
    about: 'They can sign in again, with the roles that they had.',
    done: 'Enabled',
    danger: false,
    reason: 'required',
    send: (url, reason) => sendJson('PATCH', url, { disabled: false, reason }),
  },
  remove: {
    label: 'Remove',
    title: (name) => `Remove ${name} for good?`,
    about:
      'They lose every role and their password, and their e-mail is free again. The audit log keeps their name.',
    done: 'Removed',
    danger: true,
    reason: 'required',
    send: (url, reason) => sendJson('DELETE', url, { reason }),
  },
}

/** Gives a role or takes it; shuts somebody out or lets them in again. The next request of theirs knows. */
export function PersonActs({ id, name, disabled, roles, scopes, everywhere, origin }: PersonActsProps) {
  const router = useRouter()
  const opener = useRef<HTMLButtonElement>(null)
  const [asked, setAsked] = useState<Act | 'link' | null>(null)
  const url = `/api/admin/v1/users/${id}`
  const item = (act: Act): MenuItem => ({
    key: act,
    label: `${ACTS[act].label}…`,
    ...(ACTS[act].danger ? { tone: 'danger' as const } : {}),
    onSelect: () => setAsked(act),
  })
  const link: MenuItem = { key: 'link', label: 'New sign-in link…', onSelect: () => setAsked('link') }
  const acts: readonly Act[] = disabled ? ['enable', 'remove'] : ['sign-out', 'disable', 'remove']
  const close = (): void => {
    setAsked(null)
    opener.current?.focus()
  }
  const act = asked === null || asked === 'link' ? null : ACTS[asked]
  return (
    <span className="row-acts">
      <FormDialog
        trigger={<Button tone="quiet">Role…</Button>}
        title={`A role for ${name}`}
        about="It takes the place of the role that they have there."
        submitLabel="Save"
        done="Changed"
        send={(form) => {
          const scope = fieldText(form, 'scope')
          const role = fieldText(form, 'role')
          return sendJson('PATCH', url, {
            role: role === '' ? null : role,
            reason: fieldText(form, 'reason'),
            ...(scope === ALL_FLEETS ? {} : { fleet: scope }),
          })
        }}
      >
        <RoleFields roles={roles} scopes={scopes} />
      </FormDialog>
      {everywhere ? (
        <Menu
          trigger={
            <Button ref={opener} tone="quiet" aria-label={`More for ${name}`}>
              More
              <Icon name="down" />
            </Button>
          }
          label={`More for ${name}`}
          groups={[{ key: 'acts', items: [...(disabled ? [] : [link]), ...acts.map(item)] }]}
        />
      ) : null}
      {asked === 'link' ? <LinkDialog url={url} name={name} origin={origin} onClosed={close} /> : null}
      {act === null ? null : (
        <ConfirmDialog
          key={asked}
          title={act.title(name)}
          reason={act.reason}
          confirmLabel={act.label}
          danger={act.danger}
          onClosed={close}
          onConfirm={async ({ reason }) => {
            const sent = await act.send(url, reason)
            if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
            showToast({ kind: 'ok', text: act.done })
            router.refresh()
            return { ok: true }
          }}
        >
          {act.about}
        </ConfirmDialog>
      )}
    </span>
  )
}
