/** Whether something seen at a time is less than `ms` old. A clock that was set back since says nothing: then it is not. */
export const isWithin = (seenAtMs: number, nowMs: number, ms: number): boolean =>
  nowMs >= seenAtMs && nowMs - seenAtMs < ms
