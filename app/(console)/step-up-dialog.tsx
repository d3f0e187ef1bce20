'use client'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { DialogClose, DialogFrame } from '#components/ui/dialog-frame.tsx'
import { TextField } from '#components/ui/field.tsx'
import { Cancelled, useSubmit } from '#components/ui/use-submit.ts'
import { FormFailure, type Failure } from './form-failure.tsx'
import { asksToSignInAgain } from './sign-in-again.ts'
import { sendOnce } from './send-json.ts'
import { stepUpWords } from './step-up-words.ts'

const ACCOUNT = '/api/admin/v1/account'
const UNANSWERED: Failure = { message: 'The server did not answer. Try again.', issues: [] }
const NOT_YET: Failure = { message: 'Not yet: sign in in the other tab first, then come back.', issues: [] }

/** What the dialog needs to know of the person. */
type Asked = {
  readonly hasPassword: boolean
  readonly hasIdentity: boolean
  readonly provedForMs: number
}

/**
 * Asks who somebody is before a dangerous act, over whatever they were doing: the act waits, and goes on once they have
 * shown it. Mounted once, by the frame.
 * @param provider what the sign-in provider is called; null without one
 */
export function StepUpDialog({ provider }: { provider: string | null }) {
  const [asked, setAsked] = useState<Asked | null>(null)
  const answer = useRef<{ shown: () => void; cancelled: () => void } | null>(null)
  const end = (shown: boolean): void => {
    if (shown) answer.current?.shown()
    else answer.current?.cancelled()
    answer.current = null
    setAsked(null)
  }
  useEffect(
    () =>
      asksToSignInAgain(async () => {
        const account = await readAccount()
        // Another act asks already: it goes on alone.
        if (account === null || answer.current !== null) return false
        const { hasPassword, identities, provedForMs } = account
        setAsked({ hasPassword, hasIdentity: identities.length > 0, provedForMs })
        return new Promise<boolean>((resolve, reject) => {
          answer.current = { shown: () => resolve(true), cancelled: () => reject(new Cancelled()) }
        })
      }),
    [],
  )
  return (
    <DialogFrame
      title="Show again who you are"
      about={stepUpWords(asked?.provedForMs ?? 0)}
      open={asked !== null}
      onOpenChange={(open) => (open ? undefined : end(false))}
    >
      {asked === null ? null : asked.hasPassword ? (
        <StepUpForm run={byPassword} label="Go on" onShown={() => end(true)}>
          <TextField
            label="Your password"
            name="password"
            type="password"
            autoComplete="current-password"
            required
            autoFocus
          />
        </StepUpForm>
      ) : null}
      {asked === null || (asked.hasPassword && !asked.hasIdentity) ? null : (
        <Elsewhere provider={provider} onShown={() => end(true)} />
      )}
    </DialogFrame>
  )
}

/** A sign-in in another tab: this one keeps what was typed. */
function Elsewhere({ provider, onShown }: { provider: string | null; onShown: () => void }) {
  return (
    <>
      {provider === null ? (
        <p className="sub">
          You have no password here. Ask for a new sign-in link, open it in another tab of this browser, then
          go on.
        </p>
      ) : (
        <form className="form" method="post" action="/api/auth/signin/oidc" target="_blank">
          <input type="hidden" name="fresh" value="1" />
          <input type="hidden" name="callbackUrl" value="/signed-in" />
          <div className="acts">
            <Button type="submit">Continue with {provider}, in another tab</Button>
          </div>
        </form>
      )}
      <StepUpForm run={bySession} label="I have signed in" onShown={onShown} />
    </>
  )
}

function StepUpForm({
  run,
  label,
  onShown,
  children,
}: {
  run: (form: FormData) => Promise<Failure | null>
  label: string
  onShown: () => void
  children?: ReactNode
}) {
  const form = useRef<HTMLFormElement>(null)
  const { busy, failure, onSubmit } = useSubmit({
    ready: true,
    run: async () => {
      const failed = await run(new FormData(form.current ?? undefined))
      if (failed === null) onShown()
      else selectField(form.current)
      return failed
    },
    unanswered: UNANSWERED,
  })
  return (
    <form className="form" ref={form} onSubmit={onSubmit}>
      {children}
      <div role="alert">
        {failure === null ? null : <FormFailure failure={failure} whole="(all of it)" />}
      </div>
      <div className="acts">
        <DialogClose>
          <Button hint="Esc">Cancel</Button>
        </DialogClose>
        <Button type="submit" tone="primary" disabled={busy} aria-busy={busy}>
          {busy ? 'Working…' : label}
        </Button>
      </div>
    </form>
  )
}

/** What was wrong is typed over. */
function selectField(form: HTMLFormElement | null): void {
  const field = form?.querySelector<HTMLInputElement>('input[type=password]')
  field?.focus()
  field?.select()
}

async function byPassword(form: FormData): Promise<Failure | null> {
  const sent = await sendOnce('POST', `${ACCOUNT}/step-up`, { password: form.get('password') })
  return sent.ok ? null : { message: `${sent.message} (${sent.code})`, issues: [] }
}

async function bySession(): Promise<Failure | null> {
  const account = await readAccount()
  return account !== null && account.provedForMs > 0 ? null : NOT_YET
}

type Account = { hasPassword: boolean; identities: readonly unknown[]; provedForMs: number }

async function readAccount(): Promise<Account | null> {
  const answer = await fetch(ACCOUNT, { cache: 'no-store' })
  // Signed out meanwhile: the page that is opened next leads to the sign-in.
  return answer.ok ? ((await answer.json()) as Account) : null
}
