import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { BUILT_ROUTES } from '../routes.matrix.ts'

/** As Next names the route of a file: groups are no part of it. */
const routeOf = (file: string): string => {
  const parts = path.dirname(file).split(path.sep).slice(1)
  return `/${parts.filter((part) => !/^\(.*\)$/.test(part)).join('/')}`
}

/** The browser test tests/e2e/22-edges.spec.ts holds the same table to what a build made; this is told without one. */
it('[check 1] every page and route of app/ has its row in the matrix, and no row is left of one that is gone', () => {
  const files = readdirSync('app', { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /^(page\.tsx|route\.ts)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
  const routes = files.map(routeOf)
  expect(new Set(routes).size).toBe(routes.length)
  expect(Object.keys(BUILT_ROUTES).toSorted()).toEqual([...routes, '/icon.svg'].toSorted())
})
