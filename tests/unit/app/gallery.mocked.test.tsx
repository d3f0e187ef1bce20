import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test, vi } from 'vitest'
import { SPECIMENS } from '#app/dev/components/gallery.tsx'

vi.mock('next/navigation', () => ({
  useRouter: () => ({}),
  usePathname: () => '/dev/components',
  useSearchParams: () => new URLSearchParams(),
}))

const ROOT = path.resolve(import.meta.dirname, '../../..')
const FOLDERS = ['ui', 'charts', 'table', 'status']

const componentsIn = (folder: string): string[] =>
  readdirSync(path.join(ROOT, 'components', folder))
    .filter((name) => name.endsWith('.tsx'))
    .map((name) => `${folder}/${name.replace(/\.tsx$/, '')}`)
const named = SPECIMENS.flatMap(({ files }) => files)

test('every component has its place on the page of components, once', () => {
  expect(named.toSorted()).toEqual(FOLDERS.flatMap(componentsIn).toSorted())
})

test('and is drawn there: by the page, or by a component that the page draws', () => {
  const gallery = path.join(ROOT, 'app/dev/components')
  const drawn = new Set<string>()
  const open = readdirSync(gallery)
    .filter((name) => name.endsWith('.tsx'))
    .map((name) => path.join(gallery, name))
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const component of importsOf(file)) {
      if (drawn.has(component)) continue
      drawn.add(component)
      open.push(path.join(ROOT, 'components', `${component}.tsx`))
    }
  }
  expect(named.filter((component) => !drawn.has(component))).toEqual([])
})

test.each(SPECIMENS.flatMap(({ files, states }) => states.map((state) => [files[0] ?? '', state] as const)))(
  '%s: $name is drawn',
  (_file, { show }) => {
    expect(renderToStaticMarkup(<>{show()}</>)).not.toBe('')
  },
)

/** Types alone draw nothing. */
function importsOf(file: string): readonly string[] {
  const source = readFileSync(file, 'utf8').replaceAll(/import type [^\n]*/g, '')
  const found = source.matchAll(
    /(?:from|import\()\s*'#components\/((?:ui|charts|table|status)\/[^']+)\.tsx'/g,
  )
  return [...found].map((match) => match[1] ?? '')
}
