import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Completes package-lock.json: npm leaves out optional packages of other platforms that it could not look at, and
 * `npm ci` then refuses the lock. Run it after every change of the lock (`npm run lock`).
 */
const SYSTEMS = [
  'darwin',
  'linux',
  'win32',
  'windows',
  'android',
  'freebsd',
  'openharmony',
  'netbsd',
  'openbsd',
  'sunos',
  'aix',
]
const PROCESSORS = [
  'arm64',
  'x64',
  'ia32',
  'ppc64',
  's390x',
  'riscv64',
  'loong64',
  'mips64el',
  'arm',
  'wasm32',
]

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const packages = lock.packages
let added = 0
for (const [at, entry] of Object.entries({ ...packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const near = at ? `${at}/node_modules/${name}` : `node_modules/${name}`
    const top = `node_modules/${name}`
    if (packages[near] || packages[top]) continue
    const words = name.replace(/^@[^/]*\//, '').split('-')
    const system = SYSTEMS.find((word) => name.includes(word))
    const processor = PROCESSORS.find((word) => words.includes(word))
    if (!system) continue
    packages[top] = {
      version,
      ...(processor ? { cpu: [processor] } : {}),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      os: [system.replace('windows', 'win32')],
    }
    added += 1
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
console.log(`added ${added} optional packages to package-lock.json`)
