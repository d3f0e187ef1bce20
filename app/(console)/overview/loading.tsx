import { Pillars, PillarSkeleton } from '#components/charts/pillar-card.tsx'
import { SkeletonLines } from '#components/ui/skeleton.tsx'
import { LoadingPage } from '../loading-page.tsx'

const CAPTIONS = ['Sync lag', 'Conflict rate', 'Failure rate', 'Queue depth']

export default function OverviewLoading() {
  return (
    <LoadingPage name="Overview" evidencePx={560}>
      <Pillars>
        {CAPTIONS.map((caption) => (
          <PillarSkeleton key={caption} caption={caption} />
        ))}
      </Pillars>
      <SkeletonLines label="Devices by state are loading" widths={[320, 700, 700, 640]} />
    </LoadingPage>
  )
}
