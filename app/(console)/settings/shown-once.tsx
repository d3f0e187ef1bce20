'use client'
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
