'use client'
import { useState } from 'react'
import { ReasonField, SelectField } from '#components/ui/field.tsx'
import type { Role } from '#lib/application/context.ts'
import { presetScope, ROLE_CHOICES } from '../role-words.ts'

const NO_ROLE = { value: '', label: 'None: takes the role away' }

export type RoleFieldsProps = {
  /** What the person has now, by fleet, or `*` for every fleet. */
  roles: Readonly<Record<string, Role>>
  /** Where the reader may give roles. */
  scopes: readonly { value: string; label: string }[]
}

/** Begins with what the person has, so that saving at once changes nothing; another fleet shows what they have there. */
export function RoleFields({ roles, scopes }: RoleFieldsProps) {
  const [scope, setScope] = useState(presetScope(roles, scopes))
  const now = Object.hasOwn(roles, scope) ? roles[scope] : undefined
  const shown = scopes.map(({ value, label }) => ({
    value,
    label: `${label}: ${Object.hasOwn(roles, value) ? `${roles[value]} now` : 'no role now'}`,
  }))
  return (
    <>
      <SelectField
        label="Fleet"
        name="scope"
        choices={shown}
        value={scope}
        onChange={({ currentTarget }) => setScope(currentTarget.value)}
      />
      <SelectField
        key={scope}
        label="Role"
        name="role"
        choices={now === undefined ? ROLE_CHOICES : [...ROLE_CHOICES, NO_ROLE]}
        defaultValue={now ?? 'viewer'}
      />
      <ReasonField />
    </>
  )
}
