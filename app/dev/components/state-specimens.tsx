'use client'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { PageState } from '#components/ui/page-state.tsx'
import { LONG_WORDS, type Specimen } from './specimen.ts'

export const STATE_SPECIMENS: readonly Specimen[] = [
  {
    files: ['ui/empty-state', 'ui/page-state'],
    states: [
      {
        name: 'empty, and good so',
        show: () => (
          <EmptyState
            good
            word="None open"
            title="Nothing has failed for good in 24 h"
            detail="486,210 changes arrived, none refused · 4 s ago"
            actions={<Button>See the last 30 days</Button>}
          />
        ),
      },
      {
        name: 'nothing matches',
        show: () => <EmptyState title="No device matches this filter" detail="Take fewer filters." />,
      },
      {
        name: 'first run',
        show: () => (
          <EmptyState
            word="Waiting"
            title="No device has synced yet; waiting for the first"
            detail="Enrollment key made 2 min ago. This page changes by itself when a sync arrives."
            actions={<Button tone="primary">Start the demo fleet</Button>}
          />
        ),
      },
      {
        name: 'long text',
        show: () => <PageState kind="held" word="Held" title={LONG_WORDS} detail={LONG_WORDS} />,
      },
    ],
  },
  {
    files: ['ui/error-state'],
    states: [
      {
        name: 'a failure that passes',
        show: () => (
          <ErrorState
            title="The database cannot be reached"
            code="database_unavailable"
            detail="Nothing was lost. This page loads by itself as soon as it can."
            actions={<Button>Try now</Button>}
          />
        ),
      },
      {
        name: 'one of ours, by its digest',
        show: () => <ErrorState title="This page did not load" code="internal" digest="2177904477" />,
      },
    ],
  },
  {
    files: ['ui/forbidden-state'],
    states: [
      {
        name: 'no permission',
        show: () => (
          <ForbiddenState
            title="You can see this dead letter, not its payload"
            role="viewer"
            needs="operator"
            detail="Revealing needs a reason, and is audited."
            actions={<Button>Ask day ops for access</Button>}
          />
        ),
      },
    ],
  },
]
