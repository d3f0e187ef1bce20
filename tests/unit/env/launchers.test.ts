import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** Stops a launcher at its first step past the preparations, before it opens anything. */
const NO_PORT = { ...process.env, PORT: 'abc' }

test.each(['start', 'demo', 'dev'])('%s comes as far as its port', async (name) => {
  const run = promisify(execFile)(process.execPath, [`scripts/${name}.mjs`], {
    env: NO_PORT,
    timeout: 15_000,
  })
  const said = await run.then(
    () => 'started',
    ({ stderr }: { stderr: string }) => stderr,
  )
  expect(said).toMatch(/^FAILED port: PORT is "abc"/)
})

test.each(['start', 'demo', 'dev', 'test', 'verify', 'setup'])('%s takes no arguments', async (name) => {
  const run = promisify(execFile)(process.execPath, [`scripts/${name}.mjs`, '--help'], {
    env: NO_PORT,
    timeout: 15_000,
  })
  await expect(run).rejects.toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/takes no arguments, but was given --help.*README/),
  })
})
