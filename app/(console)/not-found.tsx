import { TopBar } from '#components/shell/top-bar.tsx'
import { LinkButton } from '#components/ui/button.tsx'
import { PageState } from '#components/ui/page-state.tsx'

export default function ConsoleNotFound() {
  return (
    <>
      <TopBar crumbs={[{ label: 'Not found' }]} />
      <main id="main" className="page">
        <PageState
          whole
          kind="unk"
          word="Not found"
          title="There is no such thing in this fleet"
          detail="It may have been deleted or dropped by retention, or belong to a fleet that you cannot see."
          actions={<LinkButton href="/overview">Overview</LinkButton>}
        />
      </main>
    </>
  )
}
