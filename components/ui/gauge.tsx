/** A figure against its limit, on a scale that shows both. */
export type GaugeProps = {
  label: string
  /** As it is said: "5.1 %". */
  value: string
  /** From 0 to 1 of the scale; null where it isn't known. */
  share: number | null
  /** The limit: where it stands, and its words. */
  line: { share: number; word: string }
  /** The limit is reached. */
  over?: boolean
}

export function Gauge({ label, value, share, line, over = false }: GaugeProps) {
  const pct = (part: number): string => `${Math.min(100, Math.max(0, part * 100))}%`
  const at = Math.min(1, Math.max(0, line.share))
  return (
    <div className="gauge">
      <div className="lb">
        <span>{label}</span> <b>{value}</b>
      </div>
      <div className="tr">
        {share === null ? null : <i className={over ? 'bg-crit' : 'bg-bar'} style={{ width: pct(share) }} />}
        <em style={{ left: pct(line.share) }} />
        <span style={{ left: pct(line.share) }} className={at < 0.15 ? 'a' : at > 0.85 ? 'z' : undefined}>
          {line.word}
        </span>
      </div>
    </div>
  )
}
