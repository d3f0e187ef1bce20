import type { Notification, NotificationItem, NotificationPort } from '../ports.ts'
import { pageOf } from './page.ts'
import { putNotices } from './put-notices.ts'
import type { MemoryState } from './state.ts'
import { keyOf } from './state.ts'
import type { Undo } from './table.ts'

const PER_CHANNEL = 2

export function memoryNotifications(state: MemoryState): NotificationPort {
  return {
    channels: async () => channelsOf(state),
    addChannel: (channel, max, audit) =>
      state.inGlobal((undo) => {
        if (state.channels.values().length >= max) return 'full'
        state.channels.set(undo, channel.id, channel)
        state.audit.set(undo, audit.id, audit)
        return 'added'
      }),
    changeChannel: (id, change) =>
      state.inGlobal((undo) => {
        const channel = state.channels.get(id)
        if (!channel) return null
        const { next, audit } = change(channel)
        if (next) {
          state.channels.set(undo, id, next)
          tryAgain(state, undo, id)
        } else dropChannel(state, undo, id)
        state.audit.set(undo, audit.id, audit)
        return next ?? channel
      }),
    put: (notices) => state.inGlobal((undo) => putNotices(state, undo, notices)),
    takeIn: (limit, route) =>
      state.inGlobal((undo) => {
        const notices = state.notices
          .values()
          .sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1))
          .slice(0, limit)
        if (notices.length === 0) return 0
        const incidents = new Set(notices.map(({ incidentId }) => incidentId))
        const items = state.notificationItems.values().filter(({ incidentId }) => incidents.has(incidentId))
        const ids = new Set(items.map(({ notificationId }) => notificationId))
        const notifications = state.notifications
          .values()
          .filter(({ id, collecting }) => collecting || ids.has(id))
        const channels = channelsOf(state)
        const routed = route({ notices, channels, items, notifications, nowMs: state.nowMs() })
        for (const one of routed.notifications) state.notifications.set(undo, one.id, one)
        for (const item of routed.items) setItem(state, undo, item)
        for (const { id } of notices) state.notices.delete(undo, id)
        return notices.length
      }),
    lease: (holder, leaseMs, limit, without) =>
      state.inGlobal((undo) => {
        const nowMs = state.nowMs()
        const due = state.notifications
          .values()
          .filter((one) => isFree(one, nowMs) && state.channels.get(one.channelId)?.enabled === true)
          .filter(({ channelId }) => !without.includes(channelId))
          .sort((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0) || (a.id < b.id ? -1 : 1))
        const taken: Notification[] = []
        for (const one of due) {
          const ofChannel = taken.filter(({ channelId }) => channelId === one.channelId).length
          if (taken.length < limit && ofChannel < PER_CHANNEL) taken.push(one)
        }
        return taken.flatMap((one) => {
          const lease = { holder, untilMs: nowMs + leaseMs }
          const notification: Notification = { ...one, collecting: false, lease }
          state.notifications.set(undo, one.id, notification)
          const channel = state.channels.get(one.channelId)
          return channel ? [{ notification, channel, items: itemsIn(state, one.id), nowMs }] : []
        })
      }),
    settle: (id, holder, settle) =>
      state.inGlobal((undo) => {
        const now = state.notifications.get(id)
        if (now?.lease?.holder !== holder) return false
        const { next, delivery } = settle(now, itemsIn(state, id), state.nowMs())
        state.notifications.set(undo, id, next)
        if (delivery) state.deliveries.set(undo, delivery.id, delivery)
        return true
      }),
    log: (delivery) =>
      state.inGlobal((undo) => {
        if (state.channels.has(delivery.channelId)) state.deliveries.set(undo, delivery.id, delivery)
      }),
    deliveries: async ({ channelId, outcome, words }, page) => {
      const wanted = words?.toLowerCase() ?? ''
      const rows = state.deliveries
        .values()
        .filter((one) => one.channelId === channelId && (outcome === null || one.outcome === outcome))
        .filter(({ title, detail, rule }) => `${title}\n${detail}\n${rule}`.toLowerCase().includes(wanted))
      return pageOf(rows, ({ atMs, id }) => ({ atMs, id }), page)
    },
    toldOf: async (incidentId) =>
      state.notificationItems.values().flatMap((item) => {
        const notification = state.notifications.get(item.notificationId)
        if (item.incidentId !== incidentId || !notification) return []
        const tries = state.deliveries.values().filter((one) => one.notificationId === notification.id)
        const { items } = pageOf(tries, ({ atMs, id }) => ({ atMs, id }), { limit: 1, cursor: null })
        return [{ item, notification, last: items[0] ?? null }]
      }),
    expire: (beforeMs, batch) =>
      state.inGlobal((undo) => {
        const lines = state.deliveries.values().filter(({ atMs }) => atMs < beforeMs)
        const closed = state.notifications
          .values()
          .filter(({ closedAtMs }) => closedAtMs !== null && closedAtMs < beforeMs)
        for (const { id } of lines.slice(0, batch)) state.deliveries.delete(undo, id)
        for (const { id } of closed.slice(0, batch)) dropNotification(state, undo, id)
        return lines.length > batch || closed.length > batch
      }),
  }
}

const channelsOf = (state: MemoryState) =>
  state.channels.values().sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1))

const isFree = ({ dueAtMs, lease }: Notification, nowMs: number): boolean =>
  dueAtMs !== null && dueAtMs <= nowMs && (lease === null || lease.untilMs <= nowMs)

const itemsIn = (state: MemoryState, notificationId: string): readonly NotificationItem[] =>
  state.notificationItems
    .values()
    .filter((item) => item.notificationId === notificationId)
    .sort((a, b) => (a.incidentId < b.incidentId ? -1 : 1))

const setItem = (state: MemoryState, undo: Undo, item: NotificationItem): void =>
  state.notificationItems.set(undo, keyOf(item.channelId, item.incidentId), item)

function dropNotification(state: MemoryState, undo: Undo, id: string): void {
  state.notifications.delete(undo, id)
  for (const item of itemsIn(state, id))
    state.notificationItems.delete(undo, keyOf(item.channelId, item.incidentId))
}

function dropChannel(state: MemoryState, undo: Undo, id: string): void {
  state.channels.delete(undo, id)
  for (const one of state.notifications.values())
    if (one.channelId === id) dropNotification(state, undo, one.id)
  for (const one of state.deliveries.values()) if (one.channelId === id) state.deliveries.delete(undo, one.id)
}

/** What was given up may go through now. */
function tryAgain(state: MemoryState, undo: Undo, channelId: string): void {
  const nowMs = state.nowMs()
  for (const one of state.notifications.values())
    if (
      one.channelId === channelId &&
      one.dueAtMs === null &&
      one.closedAtMs === null &&
      one.toldSeq < one.seq
    )
      state.notifications.set(undo, one.id, { ...one, dueAtMs: nowMs, changedAtMs: nowMs, attempts: 0 })
}

/** Its channels go; what fired of it, told to channels of all fleets, is over: nothing else would ever say so. */
export function forgetNotifications(state: MemoryState, undo: Undo, fleetId: string, atMs: number): void {
  const nowMs = state.nowMs()
  for (const notice of state.notices.values())
    if (notice.fleetId === fleetId) state.notices.delete(undo, notice.id)
  for (const channel of state.channels.values())
    if (channel.fleetId === fleetId) dropChannel(state, undo, channel.id)
  const open = state.notificationItems
    .values()
    .filter((item) => item.fleetId === fleetId && item.state !== 'resolved')
  for (const id of new Set(open.map(({ notificationId }) => notificationId))) {
    const now = state.notifications.get(id)
    if (!now) continue
    const seq = now.seq + 1
    const dueAtMs = Math.min(now.dueAtMs ?? nowMs, nowMs)
    state.notifications.set(undo, id, { ...now, seq, changedAtMs: nowMs, closedAtMs: null, dueAtMs })
    for (const item of open)
      if (item.notificationId === id)
        setItem(state, undo, { ...item, state: 'resolved', endsAtMs: atMs, seq })
  }
}
