import type { DeadTokenPort } from '../dead-token-port.ts'
import { LAST_SEEN_STEP_MS } from '../retention.ts'
import type { MemoryState } from './state.ts'

export function memoryDeadTokens(state: MemoryState): DeadTokenPort {
  return {
    note: (fleetId, tokenHash, nowMs) =>
      state.inFleet(fleetId, ({ tokens, deadTokenUses }, undo) => {
        const token = tokens.get(tokenHash)
        if (!token || token.endsAtMs === null || token.endsAtMs > nowMs) return null
        const { deviceId } = token
        const known = deadTokenUses.get(deviceId)
        if (known && known.lastMs > nowMs - LAST_SEEN_STEP_MS) return null
        const first = { deviceId, firstMs: nowMs, uses: 0 }
        const use = { ...(known ?? first), lastMs: nowMs, uses: (known?.uses ?? 0) + 1 }
        deadTokenUses.set(undo, deviceId, use)
        return use
      }),
    of: (fleetId, deviceId) =>
      state.inFleet(fleetId, ({ deadTokenUses }) => deadTokenUses.get(deviceId) ?? null),
    countSince: (fleetId, sinceMs) =>
      state.inFleet(
        fleetId,
        ({ deadTokenUses }) => deadTokenUses.values().filter(({ lastMs }) => lastMs >= sinceMs).length,
      ),
  }
}
