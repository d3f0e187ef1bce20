/**
 * npm writes no entry for an optional platform package that it cannot fetch while writing the lock, and then
 * `npm ci` refuses that lock ("Missing: … from lock file").
 * @typedef {{ version?: string, dev?: boolean, optionalDependencies?: Record<string, string> }} Entry
 * @typedef {{ at: string, version: string, os: string, cpu: string | null, dev: boolean }} Missing
 */

const OS = /(darwin|linux|win32|windows|android|freebsd|openharmony|netbsd|openbsd|sunos|aix)/
const CPU = /(arm64|x64|ia32|ppc64|s390x|riscv64|loong64|arm|wasm32)/

/**
 * The platform packages (told by an operating system in their name) that the lock asks for and lacks.
 * @param {{ packages: Record<string, Entry> }} lock
 * @returns {Missing[]}
 */
export function missingEntries({ packages }) {
  return Object.entries(packages).flatMap(([owner, entry]) =>
    Object.entries(entry.optionalDependencies ?? {}).flatMap(([name, version]) => {
      const at = `node_modules/${name}`
      const os = OS.exec(name)?.[1]?.replace('windows', 'win32')
      if (!os || packages[at] || packages[`${owner}/${at}`]) return []
      const cpu = CPU.exec(name.replace(/^.*\//, ''))?.[1] ?? null
      return [{ at, version: version.replace(/^[\^~]/, ''), os, cpu, dev: entry.dev === true }]
    }),
  )
}
