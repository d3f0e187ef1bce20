'use client'
import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'

/** What Next hands to an error page; `digest` is how the server's log names this failure. */
export type LoadErrorProps = { error: Error & { digest?: string }; reset: () => void }

export function LoadError({ error, reset }: LoadErrorProps) {
  return (
    <ErrorState
      title="This page did not load"
      code="internal"
      {...(error.digest === undefined ? {} : { requestId: error.digest })}
      detail="Nothing was changed. If it stays, look for this id in the server's log."
      actions={<Button onClick={reset}>Try again</Button>}
    />
  )
}
