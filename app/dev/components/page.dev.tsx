import type { Metadata } from 'next'
import { Suspense } from 'react'
import '../../(console)/console.css'
import { Gallery } from './gallery.tsx'
import './gallery.css'

export const metadata: Metadata = { title: 'Components · Tidemark' }

/** Of the development server alone (next.config.js): a build has no such page. */
export default function ComponentsPage() {
  return (
    <Suspense>
      <Gallery />
    </Suspense>
  )
}
