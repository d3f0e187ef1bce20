'use client'
import { LoadError, type LoadErrorProps } from './load-error.tsx'

export default function RootError(props: LoadErrorProps) {
  return (
    <main id="main" className="page">
      <LoadError {...props} />
    </main>
  )
}
