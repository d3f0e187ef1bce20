import { INVITATIONS_LISTED_MAX, type InvitationPort } from '../invitation-port.ts'
import { closedAtMs, isOpenAt } from '../invitation-values.ts'
import type { MemoryState } from './state.ts'

export function memoryInvitations(state: MemoryState): InvitationPort {
  const find = (hash: string) => state.invitations.values().find((one) => one.hash === hash) ?? null
  return {
    create: (invitation, forgetBeforeMs, judge, audit) =>
      state.inGlobal((undo) => {
        const { createdAtMs } = invitation
        judge(state.invitations.values().filter((one) => isOpenAt(one, createdAtMs)))
        for (const old of state.invitations.values())
          if (closedAtMs(old) < forgetBeforeMs) state.invitations.delete(undo, old.id)
        state.invitations.set(undo, invitation.id, invitation)
        state.audit.set(undo, audit.id, audit)
      }),
    list: async (scopes) =>
      state.invitations
        .values()
        .filter(({ roles }) => scopes === null || scopes.some((scope) => Object.hasOwn(roles, scope)))
        .toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))
        .slice(0, INVITATIONS_LISTED_MAX),
    find: async (hash) => find(hash),
    findOpenByEmail: async (email, nowMs) =>
      state.invitations
        .values()
        .find((one) => one.email.toLowerCase() === email.toLowerCase() && isOpenAt(one, nowMs)) ?? null,
    update: (id, change) =>
      state.inGlobal((undo) => {
        const invitation = state.invitations.get(id)
        if (!invitation) return null
        const { next, audit } = change(invitation)
        state.invitations.set(undo, id, next)
        state.audit.set(undo, audit.id, audit)
        return next
      }),
    accept: (hash, nowMs, make) =>
      state.inGlobal((undo) => {
        const invitation = find(hash)
        if (!invitation || !isOpenAt(invitation, nowMs)) return null
        const email = invitation.email.toLowerCase()
        const known = state.users.values().find((user) => user.email.toLowerCase() === email) ?? null
        const { kind, id } = invitation.invitedBy
        const user = kind === 'user' ? (state.users.get(id) ?? null) : null
        const key = kind === 'key' ? (state.apiKeys.values().find((one) => one.id === id) ?? null) : null
        const { next, audit } = make(invitation, known, { user, key })
        state.users.set(undo, next.id, next)
        state.invitations.set(undo, invitation.id, { ...invitation, acceptedAtMs: nowMs })
        state.audit.set(undo, audit.id, audit)
        return next
      }),
  }
}
