import { uuidv7 } from '#lib/kernel/uuid.ts'

/** Names something before the server has it, so that asking twice makes it once. `crypto.randomUUID` is on secure pages only. */
export const newId = (): string => uuidv7(Date.now(), Math.random)
