/** Stands where content will be, at its size, so that nothing jumps. Sizes are px. */
export function Skeleton({ width, height = 12 }: { width: number; height?: number }) {
  return <span className="sk" style={{ width, height }} aria-hidden="true" />
}

/** A loading block that readers hear once. */
export function SkeletonLines({ label, widths }: { label: string; widths: readonly number[] }) {
  return (
    <div className="sk-lines" role="status">
      <span className="sr">{label}</span>
      {widths.map((width, index) => (
        <Skeleton key={index} width={width} />
      ))}
    </div>
  )
}
