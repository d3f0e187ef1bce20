/** A line of counts the size of a word. Bars of one table can have different scales, so the peak is said. */
export type SparklineProps = {
  /** One value per bucket, the newest last; null where nothing is known. */
  values: readonly (number | null)[]
  /** Said to readers: "dead letters per hour, peak 560". */
  label: string
  shape?: 'bars' | 'line'
  width?: number
  height?: number
}

const BAR_MIN_PX = 1.5
const EDGE_PX = 1

export function Sparkline({ values, label, shape = 'bars', width = 64, height = 20 }: SparklineProps) {
  const most = Math.max(1e-9, ...values.map((value) => value ?? 0))
  return (
    <svg className="spark" width={width} height={height} role="img" aria-label={label}>
      <path className="gp" d={`M0 ${height - 0.5}H${width}`} />
      {shape === 'line' ? (
        <path d={linePath(values, most, width, height)} />
      ) : (
        values.map((value, index) => {
          if (value === null || value <= 0) return null
          const step = width / values.length
          const tall = Math.max(BAR_MIN_PX, (value / most) * height)
          return (
            <rect
              key={index}
              x={index * step}
              width={Math.max(0.8, step - 0.8)}
              y={height - tall}
              height={tall}
            />
          )
        })
      )}
    </svg>
  )
}

/** A null lifts the pen. */
function linePath(values: readonly (number | null)[], most: number, width: number, height: number): string {
  const step = width / Math.max(1, values.length - 1)
  let down = false
  let path = ''
  values.forEach((value, index) => {
    if (value === null) {
      down = false
      return
    }
    const y = height - EDGE_PX - (value / most) * (height - 2 * EDGE_PX)
    path += `${down ? 'L' : 'M'}${(index * step).toFixed(1)} ${y.toFixed(1)}`
    down = true
  })
  return path
}
