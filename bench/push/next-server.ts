/** A production server of Next with one route handler (next/app), built at its start. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import next from 'next'
import { serve } from './serve.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const dir = path.join(import.meta.dirname, 'next')
await promisify(execFile)(process.execPath, ['node_modules/next/dist/bin/next', 'build', dir], {
  cwd: ROOT,
  env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' },
})
const app = next({ dev: false, dir })
await app.prepare()
const handle = app.getRequestHandler()
await serve(
  (request, response) => void handle(request, response),
  () => app.close(),
)
