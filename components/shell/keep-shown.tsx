'use client'
import { usePathname, useSearchParams } from 'next/navigation'
import { catchError, type ErrorInfo } from 'next/error'
import { createContext, useContext, useEffect, useRef, type ReactNode, type RefObject } from 'react'
import { RetryWhenReady } from '#components/shell/retry-when-ready.tsx'

/** What was shown last, where, and since when (the browser's epoch ms). */
type Shown = { address: string; content: ReactNode; sinceMs: number }
type ShownRef = RefObject<Shown | null>

const KeptSince = createContext<number | null>(null)

/** When what is kept on the page came, epoch ms of the browser; null on a page that follows. */
export const useKeptSince = (): number | null => useContext(KeptSince)

/**
 * Keeps a page on the screen when its refresh fails for want of the database, and asks again until one succeeds. A page
 * that was not shown yet has nothing to keep: its failure goes on to the error page.
 */
export function KeepShown({ children }: { children: ReactNode }) {
  const shownRef: ShownRef = useRef<Shown | null>(null)
  const address = `${usePathname()}?${useSearchParams().toString()}`
  return (
    <Boundary shownRef={shownRef} address={address}>
      <Remembered shownRef={shownRef} address={address}>
        {children}
      </Remembered>
    </Boundary>
  )
}

function Remembered({
  shownRef,
  address,
  children,
}: {
  shownRef: ShownRef
  address: string
  children: ReactNode
}) {
  useEffect(() => {
    shownRef.current = { address, content: children, sinceMs: Date.now() }
  }, [shownRef, address, children])
  return children
}

const Boundary = catchError(function KeptPage(
  { shownRef, address }: { shownRef: ShownRef; address: string },
  { error, retry }: ErrorInfo,
) {
  const shown = shownRef.current
  if (shown === null || shown.address !== address || !isDatabaseAway(error)) throw error
  return (
    <KeptSince value={shown.sinceMs}>
      {shown.content}
      <RetryWhenReady retry={retry} />
    </KeptSince>
  )
})

/** By its code, which the server's failures carry as their digest. */
const isDatabaseAway = (error: unknown): boolean =>
  error instanceof Error && 'digest' in error && error.digest === 'database_unavailable'
