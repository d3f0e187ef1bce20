import { Pillars, PillarSkeleton } from '#components/charts/pillar-card.tsx'
import { TopBar } from '#components/shell/top-bar.tsx'
import { Skeleton, SkeletonLines } from '#components/ui/skeleton.tsx'

const CAPTIONS = ['Sync lag', 'Conflict rate', 'Failure rate', 'Queue depth']

export default function OverviewLoading() {
  return (
    <>
      <TopBar crumbs={[{ label: 'Overview' }]} />
      <main id="main" className="page" aria-busy="true">
        <div className="verdict">
          <div>
            <Skeleton width={420} height={20} />
            <Skeleton width={560} />
          </div>
        </div>
        <Pillars>
          {CAPTIONS.map((caption) => (
            <PillarSkeleton key={caption} caption={caption} />
          ))}
        </Pillars>
        <SkeletonLines label="Devices by state are loading" widths={[320, 700, 700, 640]} />
      </main>
    </>
  )
}
