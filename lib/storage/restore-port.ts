import type { AuditEntry, Page, PageRequest } from './rows.ts'

/** A fleet came back from a backup under a new epoch (TK6, decision 0067). Times in Unix ms. */
export interface Restoration {
  readonly fleetId: string
  readonly epoch: number
  readonly epochBefore: number
  /** Null where the epoch was raised by hand, after a restore by other means. */
  readonly backupId: string | null
  /** What was acknowledged until then is there; null where nobody said. */
  readonly backupAtMs: number | null
  /** False where the file's signature could not be checked. */
  readonly proven: boolean
  readonly restoredAtMs: number
}

/** A mutation that the server had acknowledged after the backup, and got again from its device. */
export interface RegainedMutation {
  readonly mutationId: string
  readonly deviceId: string
  /** What became of it now. */
  readonly status: string
  readonly atMs: number
}

/** The gap of a restore, as far as devices have told. */
export interface RestoreGap {
  /** Devices of the backup that are not revoked, and those of them that had a session that ended well since. */
  readonly devices: number
  readonly back: number
  /** Mutations acknowledged after the backup that devices had kept, and of how many devices they are. */
  readonly regained: number
  readonly regainedDevices: number
}

/** Of one device; one that enrolled after the backup has no `acknowledged`. */
export interface RestoredDevice {
  readonly deviceId: string
  readonly name: string | null
  /** Its mutations in the backup, as far back as the change log goes. */
  readonly acknowledged: number
  readonly lastAcknowledgedAtMs: number | null
  /** Its last session that ended well since the restore; null while there is none. */
  readonly backAtMs: number | null
  readonly regained: number
}

export interface RestorePort {
  /** Notes it, and what the data has of each device now, once: the same again changes nothing. */
  note(restoration: Restoration, audit: AuditEntry): Promise<void>
  /** The newest; null where the fleet was never restored. */
  latest(fleetId: string): Promise<Restoration | null>
  /** Notes what has come back in this epoch, if a restore gave it; a mutation that is noted stays as it is. */
  regain(fleetId: string, epoch: number, rows: readonly RegainedMutation[]): Promise<void>
  gap(fleetId: string, epoch: number): Promise<RestoreGap>
  /** Of the backup, and those that brought something back; by id, at most `limit` behind `after`. */
  devices(
    fleetId: string,
    epoch: number,
    after: string | null,
    limit: number,
  ): Promise<readonly RestoredDevice[]>
  /** What has come back, of one device or of all, the newest first. */
  regained(
    fleetId: string,
    epoch: number,
    deviceId: string | null,
    page: PageRequest,
  ): Promise<Page<RegainedMutation>>
}
