import type { DeadTokenUse } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { isStorageError } from '../errors.ts'
import type { Surroundings } from '../surroundings.ts'

/** Looked for in this process within a minute at most: whoever makes tokens up must not make the database work for each. */
export const DEAD_TOKENS_SOUGHT_PER_MINUTE_MAX = 120
const MINUTE_MS = 60_000

type Needs = Pick<Surroundings, 'storage' | 'clock' | 'ids' | 'log'>

/**
 * Notes that a refused token is one that has ended: a device goes on with its successor, so somebody else has a copy, or the
 * device lost what it was given (security check 23). An alert tells of it (default-rules.ts), and the device's page.
 */
export class DeadTokens {
  private readonly needs: Needs
  private minute = { startMs: 0, sought: 0 }

  constructor(needs: Needs) {
    this.needs = needs
  }

  /** Never throws: the request is refused in any case. */
  async note(fleetId: string, tokenHash: string): Promise<void> {
    const { storage, clock, log } = this.needs
    const nowMs = clock.now()
    if (!this.hasRoom(nowMs)) return
    try {
      const use = await storage.deadTokens.note(fleetId, tokenHash, nowMs)
      if (use?.uses === 1) await this.tell(fleetId, use)
    } catch (error) {
      const level = isStorageError(error, 'storage_unavailable') ? 'warn' : 'error'
      log[level]('the use of a dead token was not noted', { error: String(error) })
    }
  }

  private async tell(fleetId: string, { deviceId }: DeadTokenUse): Promise<void> {
    const { storage, log } = this.needs
    log.warn('a device token was shown after its end', { fleetId, deviceId })
    const actor = { kind: 'device', id: deviceId, name: deviceId, roles: {} } as const
    const details = { action: 'device.dead-token', target: deviceId, fleetId, outcome: 'denied' } as const
    await storage.audit.append(auditEntry(this.needs, actor, details))
  }

  private hasRoom(nowMs: number): boolean {
    if (Math.abs(nowMs - this.minute.startMs) >= MINUTE_MS) this.minute = { startMs: nowMs, sought: 0 }
    this.minute.sought += 1
    return this.minute.sought <= DEAD_TOKENS_SOUGHT_PER_MINUTE_MAX
  }
}

/** When ended tokens of a device were shown; null when none was. @throws ApplicationError `not_found` */
export async function deadTokenUseOf(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly deviceId: string },
): Promise<DeadTokenUse | null> {
  authorize(input.actor, input.fleetId, 'viewer')
  return ctx.storage.deadTokens.of(input.fleetId, input.deviceId)
}
