import type { EVERY_FLEET } from '#lib/application/access/authorize.ts'
import type { Role } from '#lib/application/context.ts'

export type FleetName = { id: string; name: string }

/** The same as the server's: a browser needs this alone of it, and the compiler holds them together. */
export const ALL_FLEETS: typeof EVERY_FLEET = '*'

export const ROLE_CHOICES: readonly { value: Role; label: string }[] = [
  { value: 'viewer', label: 'Viewer: sees everything' },
  { value: 'operator', label: 'Operator: also acts on devices and dead letters' },
  { value: 'admin', label: 'Admin: also changes settings, keys and people' },
]

/** What somebody may give roles in: the fleets that they administer, and every fleet if they administer all. Pure. */
export function scopeChoices(
  fleets: readonly (FleetName & { role: Role })[],
  everywhere: boolean,
): readonly { value: string; label: string }[] {
  const own = fleets
    .filter(({ role }) => role === 'admin')
    .map(({ id, name }) => ({ value: id, label: name }))
  return everywhere ? [...own, { value: ALL_FLEETS, label: 'Every fleet' }] : own
}

/** Where a person's role is shown first: every fleet or a fleet where they have one, else the first choice. Pure. */
export function presetScope(
  roles: Readonly<Record<string, Role>>,
  scopes: readonly { value: string }[],
): string {
  const held = scopes.filter(({ value }) => Object.hasOwn(roles, value))
  return (held.find(({ value }) => value === ALL_FLEETS) ?? held[0] ?? scopes[0])?.value ?? ALL_FLEETS
}

/** "admin of every fleet; viewer of Airfield US". Pure. */
export function rolesText(roles: Readonly<Record<string, Role>>, fleets: readonly FleetName[]): string {
  const names = new Map(fleets.map(({ id, name }) => [id, name]))
  const entries = Object.entries(roles).toSorted(([a], [b]) =>
    a === ALL_FLEETS ? -1 : b === ALL_FLEETS ? 1 : 0,
  )
  if (entries.length === 0) return 'no role'
  return entries
    .map(
      ([scope, role]) =>
        `${role} of ${scope === ALL_FLEETS ? 'every fleet' : (names.get(scope) ?? 'a fleet')}`,
    )
    .join('; ')
}
