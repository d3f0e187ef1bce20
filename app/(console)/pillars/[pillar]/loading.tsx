import { Skeleton, SkeletonLines } from '#components/ui/skeleton.tsx'
import { LoadingPage } from '../../loading-page.tsx'

const ROWS = [640, 720, 600, 690, 650]

export default function PillarLoading() {
  return (
    <LoadingPage name="Pillars" evidencePx={560}>
      <section className="blk">
        <Skeleton width={240} />
        <Skeleton width={1_100} height={200} />
      </section>
      <SkeletonLines label="The pillar is loading" widths={ROWS} />
    </LoadingPage>
  )
}
