import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { prepareDataDir, readSecrets } from '#lib/storage/prisma/embedded/data-dir.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tidemark-data-dir-'))
  chmodSync(folder, 0o711)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the data directory', () => {
  test('is made with the folders above it, and again without harm', () => {
    const dataDir = path.join(folder, 'a', 'b')
    prepareDataDir(dataDir)
    prepareDataDir(dataDir)
    expect(statSync(dataDir).isDirectory()).toBe(true)
  })
  test.runIf(process.platform === 'linux')('that cannot be made is said to be so', () => {
    expect(() => prepareDataDir('/proc/tidemark/data')).toThrow(
      /The data directory \/proc\/tidemark\/data cannot be used \(E[A-Z]+\)\. Set TIDEMARK_DATA_DIR/,
    )
  })
})

describe('secrets', () => {
  test('are made once, for the owner alone, and nothing is left beside them', () => {
    const made = readSecrets(folder)
    expect(readSecrets(folder)).toEqual(made)
    expect(readdirSync(folder)).toEqual(['secrets.json'])
    expect(statSync(path.join(folder, 'secrets.json')).mode & 0o777).toBe(0o600)
  })
  test('are written beside: what a start that died half-way left is no hindrance', () => {
    // A write in place would find the name taken, or leave half a file under it.
    writeFileSync(path.join(folder, `secrets.json.${process.pid}`), '{"databasePass')
    const made = readSecrets(folder)
    expect(readSecrets(folder)).toEqual(made)
    expect(readdirSync(folder)).toEqual(['secrets.json'])
  })
})
