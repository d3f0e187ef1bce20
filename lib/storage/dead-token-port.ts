/** What is known of a device's tokens that were shown after their end. Times in Unix ms. */
export interface DeadTokenUse {
  readonly deviceId: string
  readonly firstMs: number
  readonly lastMs: number
  /** Counted at most once a minute. */
  readonly uses: number
}

/** Tokens that were rotated away and are shown still (ports.ts): somebody has a copy. */
export interface DeadTokenPort {
  /** What is known now that this token was shown; null when it is no ended token, or counted within this minute. */
  note(fleetId: string, tokenHash: string, nowMs: number): Promise<DeadTokenUse | null>
  of(fleetId: string, deviceId: string): Promise<DeadTokenUse | null>
  /** Devices of which one was shown since then. */
  countSince(fleetId: string, sinceMs: number): Promise<number>
}
