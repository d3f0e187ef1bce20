import { SkeletonLines } from '#components/ui/skeleton.tsx'
import { LoadingPage } from './loading-page.tsx'

const ROWS = [640, 720, 600, 690, 650, 710, 580, 660]

/** A page with a sentence and a table, before its data. */
export function LoadingList({ name }: { name: string }) {
  return (
    <LoadingPage name={name} evidencePx={280}>
      <SkeletonLines label={`${name} is loading`} widths={ROWS} />
    </LoadingPage>
  )
}
