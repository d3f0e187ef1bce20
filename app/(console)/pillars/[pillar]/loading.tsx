import { TopBar } from '#components/shell/top-bar.tsx'
import { Skeleton, SkeletonLines } from '#components/ui/skeleton.tsx'

const ROWS = [640, 720, 600, 690, 650]

export default function PillarLoading() {
  return (
    <>
      <TopBar crumbs={[{ label: 'Pillars' }]} />
      <main id="main" className="page" aria-busy="true">
        <div className="verdict">
          <div>
            <Skeleton width={420} height={20} />
            <Skeleton width={560} />
          </div>
        </div>
        <section className="blk">
          <Skeleton width={240} />
          <Skeleton width={1_100} height={200} />
        </section>
        <SkeletonLines label="The pillar is loading" widths={ROWS} />
      </main>
    </>
  )
}
