import type { Role } from '#lib/application/context.ts'

/** The parts of Settings, each an address of its own. */
export const SETTINGS_PARTS = [
  { path: 'fleets', label: 'Fleets' },
  { path: 'enrollment', label: 'Enrollment keys' },
  { path: 'ingest', label: 'Telemetry in' },
  { path: 'integrations', label: 'Integrations' },
  { path: 'thresholds', label: 'Thresholds' },
  { path: 'releases', label: 'App releases' },
  { path: 'retention', label: 'Retention' },
  { path: 'people', label: 'People' },
  { path: 'keys', label: 'Operator keys' },
  { path: 'account', label: 'Your account' },
] as const

export type SettingsPart = (typeof SETTINGS_PARTS)[number]['path']

export const hrefOfPart = (part: SettingsPart): string => `/settings/${part}`

/** Tell an administrator alone; anybody else is refused all of them. */
const OF_ADMINS: ReadonlySet<SettingsPart> = new Set<SettingsPart>(['people', 'keys'])

/** The parts that are shown to somebody whose strongest role is this, and the one that they are on. Pure. */
export const partsFor = (role: Role | null, current: SettingsPart) =>
  SETTINGS_PARTS.filter(({ path }) => role === 'admin' || path === current || !OF_ADMINS.has(path))
