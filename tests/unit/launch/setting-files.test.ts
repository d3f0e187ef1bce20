import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSettingFiles } from '../../../scripts/launch/setting-files.mjs'

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
