'use client'
import { useState } from 'react'
import { BREAKER_SPECIMENS } from './breaker-specimens.tsx'
import { CHART_SPECIMENS } from './chart-specimens.tsx'
import { FORM_SPECIMENS } from './form-specimens.tsx'
import { PILLAR_SPECIMENS } from './pillar-specimens.tsx'
import type { Specimen } from './specimen.ts'
import { STATE_SPECIMENS } from './state-specimens.tsx'
import { STATUS_SPECIMENS } from './status-specimens.tsx'
import { TABLE_SPECIMENS } from './table-specimens.tsx'
import { UI_SPECIMENS } from './ui-specimens.tsx'

const THEMES = ['light', 'dark', 'both'] as const
type Shown = (typeof THEMES)[number]

/** In the order in which they are shown; what grows without end comes last. */
export const SPECIMENS: readonly Specimen[] = [
  ...PILLAR_SPECIMENS,
  ...STATE_SPECIMENS,
  ...UI_SPECIMENS,
  ...FORM_SPECIMENS,
  ...CHART_SPECIMENS,
  ...BREAKER_SPECIMENS,
  ...STATUS_SPECIMENS,
  ...TABLE_SPECIMENS,
]

/** Every component in its states, in one theme or in both beside each other. */
export function Gallery() {
  const [shown, setShown] = useState<Shown>('both')
  const panes = shown === 'both' ? (['light', 'dark'] as const) : [shown]
  return (
    <main id="main" className="gallery">
      <header className="top">
        <h1>Components</h1>
        <span className="grow" />
        <span className="choices" role="group" aria-label="Theme">
          {THEMES.map((theme) => (
            <button
              key={theme}
              type="button"
              className="chip"
              aria-pressed={theme === shown}
              onClick={() => setShown(theme)}
            >
              {theme}
            </button>
          ))}
        </span>
      </header>
      <div className="gallery-panes" data-count={panes.length}>
        {panes.map((theme) => (
          <div key={theme} className="gallery-pane" data-theme={theme}>
            {SPECIMENS.map((specimen) => (
              <SpecimenView key={specimen.files[0]} specimen={specimen} />
            ))}
          </div>
        ))}
      </div>
    </main>
  )
}

function SpecimenView({ specimen: { files, states } }: { specimen: Specimen }) {
  return (
    <section className="specimen">
      <h2 className="mono">{files.join(' · ')}</h2>
      <div className="specimen-states">
        {states.map(({ name, wide, show }) => (
          <div key={name} className={wide === true ? 'specimen-state wide' : 'specimen-state'}>
            <p className="sub">{name}</p>
            {show()}
          </div>
        ))}
      </div>
    </section>
  )
}
