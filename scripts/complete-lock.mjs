import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { missingEntries } from './lock/missing-entries.mjs'
import { ROOT } from './setup/project.mjs'

/** `npm run lock`: run it after every change of package-lock.json; a test tells when it was forgotten. */
const file = path.join(ROOT, 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))
const missing = missingEntries(lock)
for (const { at, version, os, cpu, dev } of missing) {
  lock.packages[at] = {
    version,
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(dev ? { dev } : {}),
    optional: true,
    os: [os],
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`added ${missing.length} of the optional packages`)
