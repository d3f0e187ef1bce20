import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import type { ReactNode } from 'react'
import { parseTheme, THEME_COOKIE } from '#components/shell/theme.ts'
import { isStorageError } from '#lib/application/errors.ts'
import { answerUnavailable } from '../answer-unavailable.ts'
import { ConsoleFrame } from './console-frame.tsx'
import { alarmOf } from './alerts/alarm-words.ts'
import './console.css'
import './collections/review.css'
import './conflicts/conflicts.css'
import './lab/lab.css'
import './dead-letters/item.css'
import './alerts/incidents.css'
import './breakers/breakers.css'
import './letters.css'
import { findViewer } from './viewer.ts'

/** Who may see a page is decided at each request, so nothing is rendered ahead. */
export const dynamic = 'force-dynamic'

/** The frame of every page; without a viewer it leads to the sign-in, before a byte of the page is sent. */
export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const theme = parseTheme((await cookies()).get(THEME_COOKIE)?.value)
  const viewer = await findViewer().catch(whenAway)
  // The frame stands without its fleets and counts; what the page itself says of it comes from its own failure.
  if (viewer === 'away')
    return (
      <ConsoleFrame viewer={null} theme={theme}>
        {children}
      </ConsoleFrame>
    )
  if (viewer === null) {
    const path = (await headers()).get('x-tidemark-path') ?? '/'
    redirect(`/sign-in?callbackUrl=${encodeURIComponent(path)}`)
  }
  const nowMs = viewer.ctx.clock.now()
  const fleets = viewer.fleets.map(({ incidents, createdAtMs, ...fleet }) => {
    const { id, name, role, devices, deadLettersOpen, conflictsOpen, breakers } = fleet
    return {
      id,
      name,
      role,
      devices,
      deadLettersOpen,
      conflictsOpen,
      breakers,
      alerts: incidents && alarmOf(incidents, nowMs - createdAtMs),
    }
  })
  return (
    <ConsoleFrame
      viewer={{
        fleets,
        userName: viewer.actor.name,
        mayMakeFleets: viewer.actor.roles['*'] === 'admin',
        provider: viewer.provider,
      }}
      theme={theme}
    >
      {children}
    </ConsoleFrame>
  )
}

/** Set here, before a byte is sent: a page that fails for itself later cannot change the status any more. */
function whenAway(error: unknown): 'away' {
  if (!isStorageError(error, 'storage_unavailable')) throw error
  answerUnavailable()
  return 'away'
}
