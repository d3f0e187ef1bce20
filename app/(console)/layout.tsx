import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { parseTheme, THEME_COOKIE } from '#components/shell/theme.ts'
import { ConsoleFrame } from './console-frame.tsx'
import './console.css'
import { findViewer } from './viewer.ts'

/** Who may see a page is decided at each request, so nothing is rendered ahead. */
export const dynamic = 'force-dynamic'

/** The frame of every page. Without a viewer there is none: the page itself leads to the sign-in. */
export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const viewer = await findViewer()
  if (viewer === null) return children
  const theme = parseTheme((await cookies()).get(THEME_COOKIE)?.value)
  const fleets = viewer.fleets.map(({ id, name, role, devices, deadLettersOpen }) => ({
    id,
    name,
    role,
    devices,
    deadLettersOpen,
  }))
  return (
    <ConsoleFrame fleets={fleets} userName={viewer.actor.name} theme={theme}>
      {children}
    </ConsoleFrame>
  )
}
