import type { AuditHead } from '#lib/storage/ports.ts'

/** As heads are kept elsewhere, and given back: `SEQ:MAC`. */
export const auditHeadText = ({ seq, mac }: AuditHead): string => `${seq}:${mac}`

const HEAD = /^(\d{1,15}):([0-9a-f]{64})$/

/** Null where it is no head. */
export function parseAuditHead(text: string): AuditHead | null {
  const [, seq, mac] = HEAD.exec(text.trim()) ?? []
  return seq === undefined || mac === undefined ? null : { seq: Number(seq), mac }
}
