import { expect, test } from 'vitest'
import type { DeviceCommand } from '#lib/protocol/command.ts'
import { COMMANDS_PENDING_MAX } from '#lib/protocol/command.ts'
import { COMMANDS_KEPT_MAX, withCommand } from '#lib/storage/device-commands.ts'

const issued = { reason: null, issuedAtMs: 0, expiresAtMs: 1_000, acknowledgedAtMs: null }
const news = (n: number): DeviceCommand => ({
  ...issued,
  id: `news ${n}`,
  type: 'discarded',
  deadLetterId: `letter ${n}`,
})
const order = (n: number): DeviceCommand => ({ ...issued, id: `order ${n}`, type: 'resync' })

test('[CM1] news of letters take no place from commands, and are bounded themselves', () => {
  let commands: readonly DeviceCommand[] = []
  for (let n = 0; n < COMMANDS_PENDING_MAX; n++) commands = withCommand(commands, news(n), 0) ?? []
  expect(withCommand(commands, news(99), 0)).toBeNull()
  for (let n = 0; n < COMMANDS_PENDING_MAX; n++) commands = withCommand(commands, order(n), 0) ?? []
  expect(commands).toHaveLength(2 * COMMANDS_PENDING_MAX)
  expect(withCommand(commands, order(99), 0)).toBeNull()
  const done = commands.map((command) => ({ ...command, acknowledgedAtMs: 1 }))
  for (let n = 100; n < 100 + COMMANDS_PENDING_MAX; n++)
    commands = withCommand(n === 100 ? done : commands, order(n), 2) ?? []
  expect(commands.length).toBeLessThanOrEqual(COMMANDS_KEPT_MAX)
})
