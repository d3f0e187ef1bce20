import type { SignInPort, UserSession } from '../ports.ts'
import { LAST_SEEN_STEP_MS } from '../retention.ts'
import { SESSIONS_PER_USER_MAX } from '../sign-in-port.ts'
import { keyOf, type MemoryState } from './state.ts'
import type { Undo } from './table.ts'

export function memorySignIn(state: MemoryState): SignInPort {
  return { ...sessions(state), ...identities(state), ...tries(state) }
}

const ofUser = (state: MemoryState, userId: string): UserSession[] =>
  state.userSessions
    .values()
    .filter((session) => session.userId === userId)
    .sort((a, b) => b.lastSeenMs - a.lastSeenMs || (a.id < b.id ? 1 : -1))

function sessions(
  state: MemoryState,
): Pick<
  SignInPort,
  | 'createSession'
  | 'findSession'
  | 'endSession'
  | 'listSessions'
  | 'proveSession'
  | 'endSessionsOf'
  | 'updatePassword'
> {
  const endAllBut = (undo: Undo, userId: string, exceptId: string | null): number => {
    const ended = ofUser(state, userId).filter(({ id }) => id !== exceptId)
    for (const { id } of ended) state.userSessions.delete(undo, id)
    return ended.length
  }
  return {
    createSession: (session, audit, passwordHash) =>
      state.inGlobal((undo) => {
        const user = state.users.get(session.userId)
        if (!user || user.disabled) return false
        if (passwordHash !== undefined && user.passwordHash !== passwordHash) return false
        for (const { id } of ofUser(state, session.userId).slice(SESSIONS_PER_USER_MAX - 1))
          state.userSessions.delete(undo, id)
        state.userSessions.set(undo, session.id, session)
        state.usersSeen.set(undo, session.userId, session.lastSeenMs)
        state.audit.set(undo, audit.id, audit)
        return true
      }),
    findSession: (id, nowMs, idleMs) =>
      state.inGlobal((undo) => {
        const kept = state.userSessions.get(id)
        const user = kept && state.users.get(kept.userId)
        if (!kept || !user || user.disabled || kept.expiresAtMs <= nowMs) return null
        if (kept.lastSeenMs <= nowMs - idleMs) return null
        const stale = kept.lastSeenMs <= nowMs - LAST_SEEN_STEP_MS
        const session = stale ? { ...kept, lastSeenMs: nowMs } : kept
        if (stale) state.userSessions.set(undo, id, session)
        if (stale) state.usersSeen.set(undo, user.id, nowMs)
        return { session, user }
      }),
    endSession: (id, audit) =>
      state.inGlobal((undo) => {
        state.userSessions.delete(undo, id)
        state.audit.set(undo, audit.id, audit)
      }),
    listSessions: async (userId, nowMs, idleMs) =>
      ofUser(state, userId).filter(
        ({ expiresAtMs, lastSeenMs }) => expiresAtMs > nowMs && lastSeenMs > nowMs - idleMs,
      ),
    proveSession: (id, provedAtMs, audit) =>
      state.inGlobal((undo) => {
        const kept = state.userSessions.get(id)
        if (!kept) return false
        state.userSessions.set(undo, id, { ...kept, provedAtMs })
        state.audit.set(undo, audit.id, audit)
        return true
      }),
    endSessionsOf: (userId, exceptId, audit) =>
      state.inGlobal((undo) => {
        state.audit.set(undo, audit.id, audit)
        return endAllBut(undo, userId, exceptId)
      }),
    updatePassword: (userId, exceptId, change) =>
      state.inGlobal((undo) => {
        const user = state.users.get(userId)
        if (!user) return null
        const { next, audit, ended } = change(user)
        state.users.set(undo, userId, next)
        for (const entry of [audit, ended]) state.audit.set(undo, entry.id, entry)
        return { user: next, endedSessions: endAllBut(undo, userId, exceptId) }
      }),
  }
}

function identities(
  state: MemoryState,
): Pick<SignInPort, 'findIdentity' | 'linkIdentity' | 'listIdentities' | 'unlinkIdentity'> {
  const ofUserId = (userId: string) =>
    state.identities.values().filter((identity) => identity.userId === userId)
  return {
    findIdentity: async (issuer, subject) => state.identities.get(keyOf(issuer, subject)) ?? null,
    linkIdentity: (identity, audit) =>
      state.inGlobal((undo) => {
        const { issuer, subject, userId } = identity
        const isTaken =
          state.identities.has(keyOf(issuer, subject)) ||
          ofUserId(userId).some((known) => known.issuer === issuer)
        if (isTaken) return 'taken'
        state.identities.set(undo, keyOf(issuer, subject), identity)
        state.audit.set(undo, audit.id, audit)
        return 'linked'
      }),
    listIdentities: async (userId) => ofUserId(userId).sort((a, b) => (a.issuer < b.issuer ? -1 : 1)),
    unlinkIdentity: (userId, issuer, audit) =>
      state.inGlobal((undo) => {
        const known = ofUserId(userId).find((identity) => identity.issuer === issuer)
        if (!known) return false
        state.identities.delete(undo, keyOf(issuer, known.subject))
        state.audit.set(undo, audit.id, audit)
        return true
      }),
  }
}

function tries(state: MemoryState): Pick<SignInPort, 'countTries' | 'forgiveTries' | 'clearTries'> {
  return {
    countTries: (keys, nowMs, max, windowMs) =>
      state.inGlobal((undo) => {
        for (const [key, { endsMs }] of state.tries.entries())
          if (endsMs <= nowMs) state.tries.delete(undo, key)
        const full = keys.flatMap((key) => state.tries.get(key) ?? []).filter((row) => row.tries >= max)
        if (full.length > 0) return Math.max(...full.map(({ endsMs }) => endsMs - nowMs))
        for (const key of keys) {
          const known = state.tries.get(key)
          state.tries.set(undo, key, {
            tries: (known?.tries ?? 0) + 1,
            endsMs: known?.endsMs ?? nowMs + windowMs,
          })
        }
        return null
      }),
    forgiveTries: (keys) =>
      state.inGlobal((undo) => {
        for (const key of keys) {
          const known = state.tries.get(key)
          if (known) state.tries.set(undo, key, { ...known, tries: Math.max(0, known.tries - 1) })
        }
      }),
    clearTries: (key) => state.inGlobal((undo) => state.tries.delete(undo, key)),
  }
}
