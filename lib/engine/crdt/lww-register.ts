import { compareHlc, parseHlc } from '#lib/kernel/hlc.ts'
import type { Json } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { LwwRegisterState } from '#lib/protocol/crdt.ts'

/** A value of which the one with the higher stamp stays. Without a value its field is not in the document. */
export function checkLwwRegister(change: {
  readonly value?: Json | undefined
  readonly hlc: string
}): Result<LwwRegisterState, 'bad_stamp'> {
  return parseHlc(change.hlc).ok ? ok(registerOf(change.value, change.hlc)) : err('bad_stamp')
}

export const registerOf = (value: Json | undefined, hlc: string): LwwRegisterState =>
  value === undefined ? { kind: 'lww-register', hlc } : { kind: 'lww-register', value, hlc }

/** Equal stamps with two values, which no honest device makes: the greater text stays on every replica. */
export function mergeLwwRegisters(a: LwwRegisterState, b: LwwRegisterState): LwwRegisterState {
  const order = compareHlc(a.hlc, b.hlc)
  if (order !== 0) return order > 0 ? a : b
  return textOf(a) >= textOf(b) ? a : b
}

const textOf = ({ value }: LwwRegisterState): string => (value === undefined ? '' : canonicalJson(value))
