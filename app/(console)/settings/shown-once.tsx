'use client'
import { useSyncExternalStore } from 'react'
import { CopyText } from '#components/ui/copy-text.tsx'
import { Status } from '#components/ui/status.tsx'

/** The text of a key that was made just now: nobody can read it again. */
export function ShownOnce({ answer }: { answer: unknown }) {
  const { key, name } = answer as { key: string; name: string }
  return (
    <>
      <CopyText label={`The key ${name}`} text={key} />
      <p>
        <Status kind="warn">Copy it now: it is not shown again.</Status>
      </p>
    </>
  )
}

/**
 * A new enrollment key, and the link that opens the field client with it: the key stands after the `#`, which no browser
 * sends to a server.
 */
export function EnrollmentKeyShown({ answer }: { answer: unknown }) {
  const { key, name, code } = answer as { key: string; name: string; code: string | null }
  const origin = useSyncExternalStore(never, hereOrigin, noOrigin)
  return (
    <>
      <ShownOnce answer={answer} />
      <CopyText
        label={`The link that opens the field client with ${name}`}
        text={`${origin}/field#key=${key}`}
      />
      {code === null ? null : <CopyText label={`The code to type instead of ${name}`} text={code} />}
      <p className="sub">
        Open the link on a phone or tablet, or {code === null ? 'paste the key' : 'type the code'} at{' '}
        <span className="mono">{origin}/field</span>: the device enrolls and works offline from then on. It
        needs no account.
      </p>
    </>
  )
}

const never = (): (() => void) => () => undefined
const hereOrigin = (): string => location.origin
const noOrigin = (): string => ''
