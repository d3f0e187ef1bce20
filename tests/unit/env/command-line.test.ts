import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { helpFor } from '../../../scripts/cli/commands.ts'

describe('the command line’s help', () => {
  const namesIn = (help: string | null) => help?.split('\n').slice(2).length

  test.each([
    [['--help'], 18],
    [['-h'], 18],
    [['help'], 18],
    [['--json', '--help'], 18],
    [['fleet', '--help'], 1],
    [['audit', '--help'], 3],
    [['restore', '--help'], 3],
    [['rollups', '--help'], 1],
    [['user', '-h'], 3],
    [['help', 'user', 'create'], 1],
    [['user', 'create', '--email', 'a@b.c', '--help'], 1],
  ])('%j: %i lines', (line, lines) => {
    const help = helpFor(line)
    expect(namesIn(help)).toBe(lines)
    expect(help).toMatch(/^npm run tidemark -- COMMAND/)
  })

  test.each([[[]], [['pour', '--help']], [['help', 'me']], [['fleet', 'create', '--name', 'help']]])(
    '%j is no request for it',
    (line) => {
      expect(helpFor(line)).toBeNull()
    },
  )

  const run = (line: readonly string[], script = 'tidemark') =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', `scripts/${script}.ts`, ...line]).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout,
        stderr,
      }),
    )

  test('goes to the output, as no error; a command that there is not does not', async () => {
    const [help, unknown] = await Promise.all([run(['--help']), run(['pour', '--help'])])
    expect([help.code, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toContain('fleet create --name N')
    expect([unknown.code, unknown.stdout]).toEqual([2, ''])
    expect(unknown.stderr).toContain('unknown command: pour')
  })
  test('what looks like an option names no folder for the SDK', async () => {
    expect(await run(['--help'], 'build-sdk')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'npm run build:sdk [FOLDER]\n',
    })
  })
})
