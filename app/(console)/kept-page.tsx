import { notFound } from 'next/navigation'
import type { ReactNode } from 'react'
import { KeepShown } from '#components/shell/keep-shown.tsx'
import type { ApplicationError } from '#lib/application/errors.ts'
import { tellable } from '#lib/http/problem.ts'

/**
 * A page of the console, which stays on the screen while the database is away. A failure with a code is thrown within what
 * keeps it; "not found", also of what was there a moment ago, and the like are Next's, and go past it.
 */
export function keptPage<Props extends object>(page: (props: Props) => Promise<ReactNode>) {
  return async function KeptPage(props: Props) {
    return <KeepShown>{await page(props).catch(thrownWithin)}</KeepShown>
  }
}

function thrownWithin(error: unknown): ReactNode {
  const known = tellable(error, Math.random)
  if (known === null) throw error
  if (known.tidemarkCode === 'not_found') notFound()
  return <Failure error={known} />
}

/** Next hands the browser a failure's digest alone, so it is the code. */
function Failure({ error }: { error: ApplicationError }): never {
  throw Object.assign(error, { digest: error.tidemarkCode })
}
