import { readFileSync } from 'node:fs'

/** Of one run of CI, installation and build included, on two processors (the design's budget). */
const MINUTES = 15
const PROCESSORS = 2
/** USER_HZ, the unit of /proc: the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/**
 * Whether a run kept to the budget. Processor time decides where the system tells it: on a machine that does something
 * else too, the clock would turn a good run red.
 * @param {number} clockSeconds @param {number | null} processorSeconds
 * @returns {{ kept: boolean, text: string }}
 */
export function judgeBudget(clockSeconds, processorSeconds) {
  const allowed = MINUTES * 60
  const clock = `${clockSeconds.toFixed(0)} s of ${allowed} s by the clock`
  if (processorSeconds === null) return { kept: clockSeconds <= allowed, text: clock }
  const work = `${processorSeconds.toFixed(0)} s of ${PROCESSORS * allowed} s of processor time`
  return { kept: processorSeconds <= PROCESSORS * allowed, text: `${clock}, ${work}` }
}

/** Seconds of processor time of this process and of the programs whose end it has seen; null where there is no /proc. */
export function processorSeconds() {
  const stat = ownStat()
  return stat === null ? null : ticksOf(stat) / TICKS_PER_SECOND
}

function ownStat() {
  try {
    return readFileSync('/proc/self/stat', 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

/** utime, stime, cutime and cstime: the 14th to 17th field (proc(5)); the second, in brackets, may hold spaces. @param {string} stat */
export const ticksOf = (stat) =>
  stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .reduce((sum, ticks) => sum + Number(ticks), 0)
