import type { ReactNode } from 'react'

/** 16 px line icons. They repeat a word that stands beside them, so they are hidden from readers. */
const SHAPES = {
  overview: <path d="M1.5 8h3l2-5 3 10 2-5h3" />,
  pillars: <path d="M2.5 13.5v-5M6.2 13.5v-8M9.8 13.5v-6M13.5 13.5v-11" />,
  sessions: <path d="M2 4h8M2 8h12M2 12h6" />,
  devices: (
    <>
      <rect x="3.5" y="1.5" width="9" height="13" rx="1.5" />
      <path d="M7 12.2h2" />
    </>
  ),
  conflicts: <path d="M4 2v4c0 2 4 2 4 5v3M12 2v4c0 2-4 2-4 5" />,
  lab: <path d="M6 1.5h4M7 1.5v5L2.8 13a1 1 0 0 0 .9 1.5h8.6a1 1 0 0 0 .9-1.5L9 6.5v-5M5 10.5h6" />,
  dead: <path d="M2 9.5 4 3h8l2 6.5v3.5H2zM2 9.5h3.5l1 1.5h3l1-1.5H14" />,
  operations: <path d="M3 3.5v9l5-4.5zM8.5 3.5v9l5-4.5z" />,
  breakers: (
    <>
      <path d="M1.5 11H5l5.5-6M11 11h3.5" />
      <circle cx="5" cy="11" r="1" />
      <circle cx="11" cy="11" r="1" />
    </>
  ),
  alerts: <path d="M4 11V7a4 4 0 0 1 8 0v4l1 1H3zM6.8 14h2.4" />,
  collections: <path d="m8 2 6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3" />,
  audit: <path d="M8 1.8 13.5 4v4c0 3-2.2 5-5.5 6.2C4.7 13 2.5 11 2.5 8V4z" />,
  settings: (
    <>
      <circle cx="8" cy="8" r="2" />
      <path d="M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M12.6 3.4l-1.4 1.4M4.8 11.2l-1.4 1.4" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="m10.5 10.5 3.5 3.5" />
    </>
  ),
  down: <path d="m4.5 6.5 3.5 3.5 3.5-3.5" />,
  up: <path d="m4.5 9.5 3.5-3.5 3.5 3.5" />,
  clock: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.5V8l2.5 1.5" />
    </>
  ),
  more: <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" strokeWidth="2" />,
  check: <path d="m3 8.5 3.2 3.2L13 4.8" />,
  back: <path d="M10 3 5 8l5 5" />,
  right: <path d="m6 3 5 5-5 5" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
} as const satisfies Record<string, ReactNode>

export type IconName = keyof typeof SHAPES

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="i" viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[name]}
    </svg>
  )
}

/** The tide and its mark. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 24 24" aria-hidden="true">
      <rect width="24" height="24" rx="6" fill="currentColor" />
      <g fill="none" stroke="var(--ground)" strokeWidth="1.8" strokeLinecap="round">
        <path d="M4.5 15.5c2.5 0 2.5-3 5-3s2.5 3 5 3 2.5-3 5-3" />
        <path d="M4.5 8.5h15" />
      </g>
    </svg>
  )
}
