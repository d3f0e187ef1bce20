import { TopBar } from '#components/shell/top-bar.tsx'
import { Skeleton, SkeletonLines } from '#components/ui/skeleton.tsx'

const ROWS = [640, 720, 600, 690, 650, 710, 580, 660]

/** A page with a sentence and a table, before its data: what will be there has its place. */
export function LoadingList({ name }: { name: string }) {
  return (
    <>
      <TopBar crumbs={[{ label: name }]} />
      <main id="main" className="page" aria-busy="true">
        <div className="verdict">
          <div>
            <Skeleton width={420} height={20} />
            <Skeleton width={280} />
          </div>
        </div>
        <SkeletonLines label={`${name} is loading`} widths={ROWS} />
      </main>
    </>
  )
}
