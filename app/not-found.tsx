import type { Metadata } from 'next'
import { LinkButton } from '#components/ui/button.tsx'
import { PageState } from '#components/ui/page-state.tsx'

export const metadata: Metadata = { title: 'Not found · Tidemark' }

export default function NotFound() {
  return (
    <main id="main" className="page">
      <PageState
        whole
        kind="unk"
        word="Not found"
        title="There is no page at this address"
        detail="It may have been deleted, or belong to a fleet that you cannot see."
        actions={<LinkButton href="/overview">Overview</LinkButton>}
      />
    </main>
  )
}
