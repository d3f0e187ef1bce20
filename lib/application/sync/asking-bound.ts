/** Pushes of this process that ask authorities at once; more are shed. */
export const ASKING_MAX = 200
/** Of one fleet: a slow backend must not use up the places of all others. */
export const ASKING_PER_FLEET_MAX = 50

/** How many pushes of this process wait for an authority now. */
export class AskingBound {
  private readonly fleets = new Map<string, number>()
  private all = 0

  /** True when the push may ask; then `leave` must follow. */
  enter(fleetId: string): boolean {
    const own = this.fleets.get(fleetId) ?? 0
    if (this.all >= ASKING_MAX || own >= ASKING_PER_FLEET_MAX) return false
    this.all += 1
    this.fleets.set(fleetId, own + 1)
    return true
  }

  leave(fleetId: string): void {
    this.all -= 1
    const left = (this.fleets.get(fleetId) ?? 1) - 1
    if (left > 0) this.fleets.set(fleetId, left)
    else this.fleets.delete(fleetId)
  }
}
