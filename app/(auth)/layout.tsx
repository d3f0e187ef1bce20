import type { Metadata } from 'next'
import type { ReactNode } from 'react'
import './auth.css'

export const metadata: Metadata = { title: 'Sign in · Tidemark', robots: { index: false, follow: false } }

/** A nonce is made for each answer, so these pages are never rendered ahead. */
export const dynamic = 'force-dynamic'

export default function AuthLayout({ children }: { children: ReactNode }) {
  return <main className="door">{children}</main>
}
