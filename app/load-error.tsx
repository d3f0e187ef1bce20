'use client'
import { RetryWhenReady } from '#components/shell/retry-when-ready.tsx'
import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'
import { codeOfDigest } from './failure-digest.ts'

/** What Next hands to an error page; `retry` asks the server for the page anew. */
export type LoadErrorProps = { error: Error & { digest?: string }; retry: () => void }

export function LoadError({ error, retry }: LoadErrorProps) {
  const code = codeOfDigest(error.digest)
  const passes = code !== null && ERROR_CODES[code].status === 503
  const ours = code === null || ERROR_CODES[code].status >= 500
  return (
    <ErrorState
      title={code === null ? 'This page did not load' : ERROR_CODES[code].title}
      code={code ?? 'internal'}
      {...(code !== null || error.digest === undefined ? {} : { digest: error.digest })}
      detail={
        passes
          ? 'Nothing was lost. This page loads by itself as soon as it can.'
          : ours
            ? "Nothing was changed. If it stays, look for this in the server's log."
            : ERROR_CODES[code].help
      }
      actions={
        <>
          <Button onClick={retry}>Try again</Button>
          {passes ? <RetryWhenReady retry={retry} /> : null}
        </>
      }
    />
  )
}
