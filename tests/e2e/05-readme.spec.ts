import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { startProgram } from './support/programs.ts'
import { expect, postAdmin, test } from './support/test.ts'

const CHECKOUT = path.resolve(import.meta.dirname, '../..')

test('the program of the README connects a device, pasted as it stands', async ({
  adminPage: page,
  world,
}) => {
  const readme = await readFile(path.join(CHECKOUT, 'README.md'), 'utf8')
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const body = /-d '(\{.*\})'/.exec(readme)?.[1] ?? ''
  await postAdmin(page, world, '/collections', JSON.parse(body.replace('FLEET_ID', world.fleetId)) as object)

  const dir = await mkdtemp(path.join(tmpdir(), 'tidemark-readme-'))
  const file = path.join(dir, 'device.mts')
  // Saved elsewhere than the README says, and to this test's server; nothing else differs.
  const library = pathToFileURL(path.join(CHECKOUT, 'lib')).href
  const adapted = program
    .replaceAll('./lib/', `${library}/`)
    .replace('http://127.0.0.1:3000', world.url)
    .replace("'device.db'", JSON.stringify(path.join(dir, 'device.db')))
  await writeFile(file, adapted)
  const device = startProgram(['--import', 'tsx', file, world.enrollmentKey, 'notes'], process.env)
  expect(await device.ended, device.output()).toBe(0)
  expect(device.output()).toContain('Hello from my device')
  expect(device.output()).toContain('dead letters: []')
  await rm(dir, { recursive: true, force: true })

  await page.goto(`/devices?fleet=${world.fleetId}`)
  await expect(page.getByRole('table').getByText('My first device')).toBeVisible()
})
