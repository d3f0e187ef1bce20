import type { StoredReport } from './ports.ts'

/**
 * How a device's report stands to the one that is kept (FK1): `forked` when its sequence went
 * back, or came twice with another nonce. A retry repeats both.
 */
export function reportOrder(
  kept: Pick<StoredReport, 'seq' | 'nonce'> | null,
  next: Pick<StoredReport, 'seq' | 'nonce'>,
): 'newer' | 'repeated' | 'forked' {
  if (!kept || next.seq > kept.seq) return 'newer'
  return next.seq === kept.seq && next.nonce === kept.nonce ? 'repeated' : 'forked'
}
