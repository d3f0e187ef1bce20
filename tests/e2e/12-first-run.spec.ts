import { openReplica } from '#lib/client/open-replica.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { axeFindings } from './support/axe.ts'
import { expect, postAdmin, test } from './support/test.ts'

test('a new fleet shows the ways in, and the first sync as it arrives', async ({
  adminPage: page,
  world,
}) => {
  const { id } = await postAdmin<{ id: string }>(page, world, '/fleets', { name: `first ${Date.now()}` })
  await page.goto(`/overview?fleet=${id}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('waiting for the first')
  for (const label of [
    'A program with the SDK',
    'A request that tells of a session',
    'Where an exporter sends',
  ])
    await expect(page.getByRole('region', { name: label })).toContainText(world.url)

  expect(await axeFindings(page)).toEqual([])

  // The demo's way in: its collections and a key, and the command.
  await page.getByRole('button', { name: 'Demo fleet…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Make them' }).click()
  const command = await dialog.getByLabel('The command that starts it').inputValue()
  const enrollmentKey = /--enrollment-key (\S+)/.exec(command)?.[1] ?? ''
  expect(command).toContain(`npm run fleet -- --url ${world.url}`)
  // The page behind it has followed. The dialog says what it said, or its button would move away under the pointer.
  await expect(page.getByText('First make a collection')).toHaveCount(0)
  await expect(dialog).toContainText('It gets the collections')
  await dialog.getByRole('button', { name: 'Done' }).click()

  const replica = await openReplica({
    url: world.url,
    enrollmentKey,
    device: { name: 'the first', platform: 'web', appVersion: '1.0' },
    store: openMemoryStore(),
    sync: { auto: false },
  })
  await replica.sync()
  await replica.close()
  await expect(page.getByRole('status').getByText(/First sync received/)).toBeVisible({ timeout: 20_000 })
  await expect(page.getByRole('region', { name: 'A program with the SDK' })).toHaveCount(0)
})
