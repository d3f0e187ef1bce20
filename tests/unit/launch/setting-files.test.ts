import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSettingFiles } from '../../../scripts/launch/setting-files.mjs'

/** What a setting is called that is a secret, or holds one. */
const SECRET = /SECRET|PASSWORD|AUTHORIZATION|TOKEN|HEADERS|^DATABASE_|HEARTBEAT_URL/

describe('[check 44] secrets in files', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-secrets-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const file = (text: string): string => {
    const name = path.join(folder, String(Math.random()))
    writeFileSync(name, text)
    return name
  }

  it('become the settings that they are for, without the end of the line', () => {
    const environment = {
      TIDEMARK_SECRET_FILE: file('one two \n'),
      DATABASE_URL_FILE: file('postgresql://a:b@c/d\r\n'),
      SSL_CERT_FILE: '/elsewhere',
      PORT: '3000',
    }
    readSettingFiles(environment)
    expect(environment).toEqual({
      TIDEMARK_SECRET: 'one two ',
      DATABASE_URL: 'postgresql://a:b@c/d',
      SSL_CERT_FILE: '/elsewhere',
      PORT: '3000',
    })
  })

  it('are read for every secret of the settings that README tells', () => {
    const told = new Set(
      [...readFileSync('README.md', 'utf8').matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, names = '']) =>
        [...names.matchAll(/`([A-Z_]+)`/g)].flatMap(([, name = '']) => name),
      ),
    )
    const secrets = [...told].filter((name) => SECRET.test(name))
    expect(secrets).toContain('TIDEMARK_OIDC_CLIENT_SECRET')
    for (const name of secrets) {
      const environment = { [`${name}_FILE`]: file('held') }
      readSettingFiles(environment)
      expect(environment).toEqual({ [name]: 'held' })
    }
  })

  it.each([
    ['is there twice', { TIDEMARK_SECRET: 'x', TIDEMARK_SECRET_FILE: file('y') }, 'are both set'],
    ['is not there', { TIDEMARK_SECRET_FILE: path.join(folder, 'none') }, 'cannot be read (ENOENT)'],
    ['is a folder', { DATABASE_URL_FILE: folder }, 'cannot be read (EISDIR)'],
    ['is empty', { TIDEMARK_SECRET_FILE: file('\n') }, 'holds no value'],
    ['is no secret', { TIDEMARK_SECRET_FILE: file('x'.repeat(70_000)) }, 'holds no value'],
  ])('stop the start when one %s, and what it holds is not said', (_, environment, message) => {
    expect(() => readSettingFiles(environment)).toThrow(message)
    expect(() => readSettingFiles(environment)).not.toThrow('xxx')
  })
})
