import type { AccessPort, OneTimeLink, User } from '../ports.ts'
import { LAST_SEEN_STEP_MS } from '../retention.ts'
import { memorySignIn } from './sign-in.ts'
import type { MemoryState } from './state.ts'
import type { Table, Undo } from './table.ts'

export function memoryAccess(state: MemoryState): AccessPort {
  return { ...users(state), ...links(state), ...memorySignIn(state), ...apiKeys(state) }
}

const emailTaken = (state: MemoryState, email: string): boolean =>
  state.users.values().some((user) => user.email.toLowerCase() === email.toLowerCase())

const countAdmins = (state: MemoryState): number =>
  state.users.values().filter((user) => !user.disabled && user.roles['*'] === 'admin').length

function users(
  state: MemoryState,
): Pick<
  AccessPort,
  'countAdmins' | 'createUser' | 'findUserByEmail' | 'getUser' | 'listUsers' | 'usersSeen' | 'updateUser'
> {
  return {
    countAdmins: async () => countAdmins(state),
    createUser: (user, audit) =>
      state.inGlobal((undo) => {
        if (emailTaken(state, user.email)) return 'email_taken'
        state.users.set(undo, user.id, user)
        state.audit.set(undo, audit.id, audit)
        return 'created'
      }),
    findUserByEmail: async (email) =>
      state.users.values().find((user) => user.email.toLowerCase() === email.toLowerCase()) ?? null,
    getUser: async (id) => state.users.get(id) ?? null,
    listUsers: async () => state.users.values().sort((a, b) => (a.email < b.email ? -1 : 1)),
    usersSeen: async (ids) => {
      const asked = new Set(ids)
      return new Map([...state.usersSeen.entries()].filter(([id]) => asked.has(id)))
    },
    updateUser: (id, change) =>
      state.inGlobal((undo) => {
        const user = state.users.get(id)
        if (!user) return null
        const { next, audit } = change(user, countAdmins(state))
        state.users.set(undo, id, next)
        if (next.disabled) dropOf(state.userSessions, undo, id)
        if (next.removedAtMs !== null) dropOf(state.identities, undo, id)
        state.audit.set(undo, audit.id, audit)
        return next
      }),
  }
}

function dropOf(table: Table<{ readonly userId: string }>, undo: Undo, userId: string): void {
  for (const [key, row] of table.entries()) if (row.userId === userId) table.delete(undo, key)
}

function links(state: MemoryState): Pick<AccessPort, 'createLink' | 'claimSetUp' | 'isLinkLive' | 'useLink'> {
  return {
    createLink: (link, audit) =>
      state.inGlobal((undo) => {
        state.links.set(undo, link.hash, link)
        state.audit.set(undo, audit.id, audit)
      }),
    claimSetUp: (linkHash, user: User, nowMs, audit) =>
      state.inGlobal((undo) => {
        if (countAdmins(state) > 0 || emailTaken(state, user.email)) return 'gone'
        if (linkHash !== null && !useUp(state, undo, linkHash, 'set_up', nowMs)) return 'gone'
        state.users.set(undo, user.id, user)
        state.audit.set(undo, audit.id, audit)
        return 'created'
      }),
    isLinkLive: async (hash, kind, nowMs) => liveLink(state, hash, kind, nowMs) !== null,
    useLink: (hash, nowMs) => state.inGlobal((undo) => useUp(state, undo, hash, 'sign_in', nowMs)),
  }
}

function liveLink(
  state: MemoryState,
  hash: string,
  kind: OneTimeLink['kind'],
  nowMs: number,
): OneTimeLink | null {
  const link = state.links.get(hash)
  return link?.kind !== kind || link.usedAtMs !== null || link.expiresAtMs <= nowMs ? null : link
}

function useUp(
  state: MemoryState,
  undo: Undo,
  hash: string,
  kind: OneTimeLink['kind'],
  nowMs: number,
): OneTimeLink | null {
  const link = liveLink(state, hash, kind, nowMs)
  if (link === null) return null
  const used = { ...link, usedAtMs: nowMs }
  state.links.set(undo, hash, used)
  return used
}

function apiKeys(
  state: MemoryState,
): Pick<AccessPort, 'createApiKey' | 'findApiKey' | 'getApiKey' | 'listApiKeys' | 'updateApiKey'> {
  return {
    createApiKey: (key, audit) =>
      state.inGlobal((undo) => {
        state.apiKeys.set(undo, key.hash, key)
        state.audit.set(undo, audit.id, audit)
      }),
    findApiKey: (hash, nowMs, address) =>
      state.inGlobal((undo) => {
        const key = state.apiKeys.get(hash)
        const live = key?.revokedAtMs === null && (key.expiresAtMs === null || key.expiresAtMs > nowMs)
        if (!key || !live) return null
        if (key.lastUsedMs !== null && key.lastUsedMs > nowMs - LAST_SEEN_STEP_MS) return key
        const used = { ...key, lastUsedMs: nowMs, lastUsedAddress: address }
        state.apiKeys.set(undo, hash, used)
        return used
      }),
    getApiKey: async (id) => state.apiKeys.values().find((one) => one.id === id) ?? null,
    listApiKeys: async () => state.apiKeys.values().sort((a, b) => b.createdAtMs - a.createdAtMs),
    updateApiKey: (id, change) =>
      state.inGlobal((undo) => {
        const key = state.apiKeys.values().find((one) => one.id === id)
        if (!key) return null
        const { next, audit } = change(key)
        state.apiKeys.set(undo, key.hash, next)
        state.audit.set(undo, audit.id, audit)
        return next
      }),
  }
}
