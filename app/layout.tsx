import { GeistMono } from 'geist/font/mono'
import { GeistSans } from 'geist/font/sans'
import type { Metadata, Viewport } from 'next'
import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { parseTheme, THEME_COOKIE, themeAttribute } from '#components/shell/theme.ts'
import './globals.css'

export const metadata: Metadata = {
  title: 'Tidemark',
  description: 'Operations console for fleets of offline-first clients',
}
export const viewport: Viewport = { colorScheme: 'light dark' }

/** The theme comes from a cookie, so that the first byte already has the right colours. */
export default async function RootLayout({ children }: { children: ReactNode }) {
  const theme = themeAttribute(parseTheme((await cookies()).get(THEME_COOKIE)?.value))
  return (
    <html
      lang="en"
      className={`${GeistSans.variable} ${GeistMono.variable}`}
      data-theme={theme}
      // The viewer's menu changes the theme before the server knows of it.
      suppressHydrationWarning
    >
      <body>{children}</body>
    </html>
  )
}
