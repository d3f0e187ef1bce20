import { z } from 'zod'
import type { Actor } from '#lib/application/context.ts'
import { ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import { label } from '#lib/protocol/device.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { AuditEntry, Role, RowChange, User } from '#lib/storage/ports.ts'
import { removalInput } from '../removal-input.ts'
import { auditEntry } from './audit-entry.ts'
import { authorizeScope, EVERY_FLEET, ROLES, strongestRole } from './authorize.ts'
import type { AccessContext } from './context.ts'
import { administers } from './invitation-view.ts'
import { makeSignInLink } from './links.ts'
import { hashPassword, passwordProblem } from './password.ts'
import { requireNotOwnName } from './own-password.ts'
import { requireFleet } from './require-fleet.ts'

export const emailAddress = z
  .email()
  .max(254)
  .transform((text) => text.toLowerCase())
export const personName = label(120)
export const newPassword = z.string().superRefine((text, check) => {
  const problem = passwordProblem(text)
  if (problem !== null) check.addIssue({ code: 'custom', message: problem })
})

/** A person as the API shows them: never with a hash. Times in Unix ms. */
export interface UserView {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly roles: Readonly<Record<string, Role>>
  readonly disabled: boolean
  readonly hasPassword: boolean
  readonly createdAtMs: number
}

export const userCreation = z
  .strictObject({
    email: emailAddress,
    name: personName.optional(),
    role: z.enum(ROLES),
    /** Without a fleet the role holds in every fleet. */
    fleet: uuid.nullish(),
    password: newPassword.optional(),
    /** Also make a one-time sign-in link. */
    link: z.boolean().optional(),
  })
  .superRefine(requireNotOwnName)

/**
 * Makes a user; `signInLink` is a path that works once, shown once.
 * @throws ApplicationError `forbidden`, `bad_request`, `not_found`, `already_exists` for a known e-mail
 */
export async function createUser(
  ctx: AccessContext,
  { actor, body }: { readonly actor: Actor; readonly body: unknown },
): Promise<UserView & { signInLink: string | null }> {
  const input = parsedOrThrow(userCreation, body)
  const fleetId = input.fleet ?? null
  authorizeScope(actor, fleetId, 'admin')
  await requireFleet(ctx, fleetId)
  const user: User = {
    id: ctx.ids(),
    email: input.email,
    name: input.name ?? input.email,
    passwordHash: input.password === undefined ? null : await hashPassword(input.password),
    disabled: false,
    removedAtMs: null,
    createdAtMs: ctx.clock.now(),
    roles: { [fleetId ?? EVERY_FLEET]: input.role },
  }
  const details = {
    action: 'user.create',
    target: `user/${user.id}`,
    fleetId,
    after: { email: user.email, roles: user.roles },
  }
  const made = await storedUser(ctx, user, auditEntry(ctx, actor, details))
  if (!made) throw emailTaken()
  return {
    ...userView(actor, made),
    signInLink: input.link === true ? await makeSignInLink(ctx, actor, made) : null,
  }
}

/** A new row, or that of somebody who was removed and comes back; null while the e-mail is in use. */
async function storedUser(ctx: AccessContext, user: User, audit: AuditEntry): Promise<User | null> {
  if ((await ctx.storage.access.createUser(user, audit)) === 'created') return user
  const known = await ctx.storage.access.findUserByEmail(user.email)
  if (!known || !isRemoved(known)) return null
  return ctx.storage.access.updateUser(known.id, (now) => {
    if (!isRemoved(now)) throw emailTaken()
    return { next: { ...user, id: known.id }, audit }
  })
}

const emailTaken = (): ApplicationError =>
  new ApplicationError('already_exists', { detail: 'A user with this e-mail exists' })

/** By `removeUser` alone: somebody who is disabled and has no role is still here. The row stays, since the audit log names it. */
export const isRemoved = ({ removedAtMs }: User): boolean => removedAtMs !== null

/**
 * DELETE /users/:id: signed out, without a role and a password; the e-mail is free again.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request` when it would leave no administrator
 */
export async function removeUser(
  ctx: AccessContext,
  { actor, id, body }: { readonly actor: Actor; readonly id: string; readonly body: unknown },
): Promise<UserView> {
  const { reason } = parsedOrThrow(removalInput, body)
  authorizeScope(actor, null, 'admin')
  const told = { action: 'user.remove', target: `user/${id}`, reason: reason ?? null }
  return save(ctx, actor, id, (user) => ({
    next: { ...user, disabled: true, removedAtMs: ctx.clock.now(), passwordHash: null, roles: {} },
    audit: auditEntry(ctx, actor, { ...told, before: user.roles }),
  }))
}

/**
 * Changes a user whom the actor administers, as the row is then: of two changes at once neither undoes the other, and one
 * administrator of every fleet stays. @throws ApplicationError `not_found`, `bad_request`
 */
async function save(
  ctx: AccessContext,
  actor: Actor,
  id: string,
  change: (user: User) => RowChange<User>,
): Promise<UserView> {
  const saved = await ctx.storage.access.updateUser(id, (user, admins) => {
    if (!isAdministered(actor, user)) throw new ApplicationError('not_found')
    const changed = change(user)
    if (isFullAdmin(user) && !isFullAdmin(changed.next) && admins <= 1)
      throw new ApplicationError('bad_request', { detail: 'This is the last administrator' })
    return changed
  })
  if (!saved) throw new ApplicationError('not_found')
  return userView(actor, saved)
}

/** Those that this actor administers: with a role in one of its fleets, or for an administrator of every fleet all. */
export async function listUsers(
  ctx: AccessContext,
  { actor }: { readonly actor: Actor },
): Promise<readonly UserView[]> {
  if (strongestRole(actor) !== 'admin') throw new ApplicationError('forbidden')
  const users = await ctx.storage.access.listUsers()
  return users.filter((user) => isAdministered(actor, user)).map((user) => userView(actor, user))
}

export const userChange = z.strictObject({
  /** null takes the role in this scope away. */
  role: z.enum(ROLES).nullable().optional(),
  fleet: uuid.nullish(),
  disabled: z.boolean().optional(),
  /** Why, for the audit log. */
  reason: removalInput.shape.reason,
})

/**
 * Changes a role, or disables a user; the next request of that user knows (security check 6).
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request` when it would leave no administrator
 */
export async function changeUser(
  ctx: AccessContext,
  { actor, id, body }: { readonly actor: Actor; readonly id: string; readonly body: unknown },
): Promise<UserView> {
  const input = parsedOrThrow(userChange, body)
  const fleetId = input.fleet ?? null
  // Disabling shuts someone out everywhere, so it takes an administrator of everything.
  authorizeScope(actor, input.disabled === undefined ? fleetId : null, 'admin')
  const { role, disabled } = input
  if (role) await requireFleet(ctx, fleetId)
  const shown = (user: User) => ({ disabled: user.disabled, roles: user.roles })
  const told = { action: 'user.change', target: `user/${id}`, fleetId, reason: input.reason ?? null }
  return save(ctx, actor, id, (user) => {
    const next: User = {
      ...user,
      disabled: disabled ?? user.disabled,
      roles: role === undefined ? user.roles : withRole(user.roles, fleetId ?? EVERY_FLEET, role),
    }
    const audit = auditEntry(ctx, actor, { ...told, before: shown(user), after: shown(next) })
    return { next, audit }
  })
}

const isFullAdmin = (user: User): boolean => !user.disabled && user.roles[EVERY_FLEET] === 'admin'

/** Somebody without a role left is seen by those who could give one; else the e-mail would be blocked for ever. */
const isAdministered = (actor: Actor, user: User): boolean =>
  !isRemoved(user) && [EVERY_FLEET, ...Object.keys(user.roles)].some((scope) => administers(actor, scope))

function withRole(roles: User['roles'], scope: string, role: Role | null): User['roles'] {
  const others = Object.entries(roles).filter(([key]) => key !== scope)
  return Object.fromEntries(role === null ? others : [...others, [scope, role]])
}

/** With the roles that the actor could change: which other fleets there are is not for everybody. */
function userView(actor: Actor, { passwordHash, removedAtMs: _, ...user }: User): UserView {
  const roles = Object.fromEntries(Object.entries(user.roles).filter(([scope]) => administers(actor, scope)))
  return { ...user, roles, hasPassword: passwordHash !== null }
}
