import type { ReactNode } from 'react'

/** A part of a page: its title says the answer, the note at the right says what it is about. */
export function Section({
  title,
  note,
  className,
  children,
}: {
  title: ReactNode
  note?: ReactNode
  className?: string
  children: ReactNode
}) {
  return (
    <section className={className === undefined ? 'blk' : `blk ${className}`}>
      <div className="h">
        <h2>{title}</h2>
        {note === undefined ? null : <span className="sub r">{note}</span>}
      </div>
      {children}
    </section>
  )
}
