import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

/** What of the server opens connections: `fetch`, or a module of Node that can, but for its types and for telling addresses apart. */
const OPENS =
  /(?:(?<![.\w])|globalThis\.)fetch\(|import (?!type\b)(?!\{ isIP \}|\{ BlockList, isIP \})[^'\n]*from 'node:(?:https?|http2|net|tls|dgram)'/
/** Each with why it may. */
const MAY: Readonly<Record<string, string>> = {
  'app/(console)/find-named.ts': 'the browser asks its own server',
  'app/(console)/load-rows.ts': 'the browser asks its own server',
  'app/(console)/send-json.ts': 'the browser asks its own server',
  'lib/application/egress/post-json.ts': 'the one way out for HTTP, behind the guard',
  'lib/application/notifications/mail.ts': 'SMTP, to the address that the guard has judged',
}
/** The SDK and the field client run on devices; the storage speaks to PostgreSQL alone. */
const ELSEWHERE = /^(lib\/(client|storage)|app\/field)\//

it('[check 40] our own code on the server opens no connection but through the egress guard; what packages open is not looked at', () => {
  const files = ['lib', 'app'].flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => path.join(entry.parentPath, entry.name).split(path.sep).join('/')),
  )
  const opening = files
    .filter((file) => !ELSEWHERE.test(file))
    // What runs in the browser asks its own server.
    .filter((file) => !/^\s*['"]use client['"]/.test(readFileSync(file, 'utf8')))
    .filter((file) => OPENS.test(readFileSync(file, 'utf8')))
  expect(opening.filter((file) => !(file in MAY))).toEqual([])
  expect(Object.keys(MAY).filter((file) => !opening.includes(file))).toEqual([])
})
