import { readFileSync } from 'node:fs'

/** Of one run of CI, installation and build included, on two processors (the design's budget). */
const MINUTES = 15
const PROCESSORS = 2
/** USER_HZ, the unit of /proc: the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/**
 * What a run took beside its budget, for whoever reads the end of it. It fails no run: how long the same work takes is the
 * machine's, and what else it does (by half and more on a shared one).
 * @param {number} clockSeconds @param {number | null} processorSeconds
 */
export function budgetText(clockSeconds, processorSeconds) {
  const allowed = MINUTES * 60
  const times = [`${clockSeconds.toFixed(0)} s of ${allowed} s by the clock`]
  if (processorSeconds !== null)
    times.push(`${processorSeconds.toFixed(0)} s of ${PROCESSORS * allowed} s of processor time`)
  const kept = processorSeconds === null ? clockSeconds <= allowed : processorSeconds <= PROCESSORS * allowed
  return `${times.join(', ')}${kept ? '' : ': over budget. The times of the parts above tell where to cut'}.`
}

/** Seconds of processor time of this process and of the programs whose end it has seen; null where there is no /proc. */
export function processorSeconds() {
  const stat = ownStat()
  return stat === null ? null : (ticksOf(stat).own + ticksOf(stat).ended) / TICKS_PER_SECOND
}

/** Of the programs alone whose end it has seen. What has grown since one started is that one's, once its own end was seen. */
export function endedSeconds() {
  const stat = ownStat()
  return stat === null ? 0 : ticksOf(stat).ended / TICKS_PER_SECOND
}

function ownStat() {
  try {
    return readFileSync('/proc/self/stat', 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

/** utime and stime, cutime and cstime: the 14th to 17th field (proc(5)); the second, in brackets, may hold spaces. @param {string} stat */
export function ticksOf(stat) {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number)
  return { own: utime + stime, ended: cutime + cstime }
}
