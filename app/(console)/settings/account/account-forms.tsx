'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { TextField } from '#components/ui/field.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { SendForm } from '../../send-form.tsx'
import { sendJson, type Sent } from '../../send-json.ts'
import { fieldText } from '../field-text.ts'

const ACCOUNT = '/api/admin/v1/account'
const SIGN_IN = '/sign-in'

/** What one is called by, in the console and the audit log. */
export function NameForm({ name }: { name: string }) {
  return (
    <SendForm
      submitLabel="Save"
      done="Saved"
      primary={false}
      send={(form) => sendJson('PATCH', ACCOUNT, { name: fieldText(form, 'name') })}
    >
      <TextField label="Name" name="name" defaultValue={name} maxLength={120} required />
    </SendForm>
  )
}

/** A new password, or a first one. Emptied once it is set. */
export function PasswordForm({ hasPassword, charsMin }: { hasPassword: boolean; charsMin: number }) {
  const [times, setTimes] = useState(0)
  return (
    <SendForm
      submitLabel={hasPassword ? 'Change the password' : 'Set a password'}
      done="The password is set; your other sessions have ended"
      primary={false}
      send={(form) =>
        sendJson('POST', `${ACCOUNT}/password`, {
          ...(hasPassword ? { current: textOf(form, 'current') } : {}),
          password: textOf(form, 'password'),
        })
      }
      onDone={() => setTimes(times + 1)}
    >
      <div className="form" key={times}>
        {hasPassword ? (
          <TextField
            label="Password now"
            name="current"
            type="password"
            autoComplete="current-password"
            required
          />
        ) : null}
        <TextField
          label="New password"
          name="password"
          type="password"
          autoComplete="new-password"
          minLength={charsMin}
          hint={`At least ${charsMin} characters. A sentence is fine.`}
          required
        />
      </div>
    </SendForm>
  )
}

/** As it was typed: a blank at its end is a part of a password. */
function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

export function EndSession({ id, name, current }: { id: string; name: string; current: boolean }) {
  const done = useDone()
  return (
    <ConfirmDialog
      trigger={<Button tone="quiet danger">Sign out…</Button>}
      title={current ? 'Sign out here?' : `Sign out ${name}?`}
      reason="none"
      confirmLabel="Sign out"
      danger
      onConfirm={async () =>
        done(await sendJson('DELETE', `${ACCOUNT}/sessions/${id}`, {}), 'Signed out', current)
      }
    >
      Its next request is refused.
    </ConfirmDialog>
  )
}

export function EndSessions({ others }: { others: number }) {
  const done = useDone()
  return (
    <>
      <ConfirmDialog
        trigger={<Button disabled={others === 0}>Sign out everywhere else…</Button>}
        title="Sign out everywhere else?"
        reason="none"
        confirmLabel="Sign out everywhere else"
        danger
        onConfirm={async () =>
          done(
            await sendJson('POST', `${ACCOUNT}/sessions/end`, { keepThis: true }),
            'Signed out there',
            false,
          )
        }
      >
        Every session but this one ends at once.
      </ConfirmDialog>
      <ConfirmDialog
        trigger={<Button tone="quiet danger">Sign out everywhere…</Button>}
        title="Sign out everywhere, here too?"
        reason="none"
        confirmLabel="Sign out everywhere"
        danger
        onConfirm={async () =>
          done(await sendJson('POST', `${ACCOUNT}/sessions/end`, {}), 'Signed out', true)
        }
      >
        Every session of yours ends at once. You sign in again here.
      </ConfirmDialog>
    </>
  )
}

export function UnlinkIdentity({ issuer }: { issuer: string }) {
  const done = useDone()
  return (
    <ConfirmDialog
      trigger={<Button tone="quiet danger">Forget…</Button>}
      title={`Forget who you are at ${issuer}?`}
      reason="none"
      confirmLabel="Forget"
      danger
      onConfirm={async () =>
        done(await sendJson('POST', `${ACCOUNT}/identities/unlink`, { issuer }), 'Forgotten', false)
      }
    >
      It is linked again when you next sign in there with your verified e-mail.
    </ConfirmDialog>
  )
}

/** Tells what was done, and leads to the sign-in when this session has ended with it. */
function useDone(): (sent: Sent, text: string, out: boolean) => ConfirmResult {
  const router = useRouter()
  return (sent, text, out) => {
    if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
    if (out) window.location.assign(SIGN_IN)
    else {
      showToast({ kind: 'ok', text })
      router.refresh()
    }
    return { ok: true }
  }
}
