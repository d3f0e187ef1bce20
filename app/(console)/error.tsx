'use client'
import { TopBar } from '#components/shell/top-bar.tsx'
import { LoadError, type LoadErrorProps } from '../load-error.tsx'

export default function ConsoleError(props: LoadErrorProps) {
  return (
    <>
      <TopBar crumbs={[{ label: 'Not loaded' }]} />
      <main id="main" className="page">
        <LoadError {...props} />
      </main>
    </>
  )
}
