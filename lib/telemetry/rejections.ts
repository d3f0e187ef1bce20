/** What of an export is not taken, as its sender is told: how many, and the first reason, null when there is none. */
export interface Rejected {
  readonly rejected: number
  readonly reason: string | null
}

export interface Rejections {
  reject(why: string): void
  told(): Rejected
}

export function rejections(): Rejections {
  let rejected = 0
  let reason: string | null = null
  return {
    reject: (why) => {
      rejected += 1
      reason ??= why
    },
    told: () => ({ rejected, reason }),
  }
}
