import { readFileSync } from 'node:fs'

/** Settings that are secrets, or hold one. As files they stand in no list of processes and in no description of a container. */
const SECRETS = [
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'TIDEMARK_SECRET',
  'TIDEMARK_ADMIN_PASSWORD',
  'TIDEMARK_OIDC_CLIENT_SECRET',
  'TIDEMARK_HEARTBEAT_URL',
  'TIDEMARK_SCRAPE_AUTHORIZATIONS',
]
const BYTES_MAX = 64 * 1024

/**
 * Reads each secret whose `…_FILE` names a file into the environment, without the line's end behind it. Called before
 * anything reads the environment.
 * @param {Record<string, string | undefined>} environment is changed
 * @throws {Error} naming the variable: both are set, or the file cannot be read
 */
export function readSettingFiles(environment) {
  for (const name of SECRETS) {
    const file = environment[`${name}_FILE`]
    if (!file) continue
    if (environment[name]) throw new Error(`${name} and ${name}_FILE are both set: leave one out.`)
    environment[name] = contentOf(`${name}_FILE`, file)
    // What is started from here has the value.
    delete environment[`${name}_FILE`]
  }
}

function contentOf(name, file) {
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`${name}: ${file} cannot be read (${error.code ?? error.message}).`, { cause: error })
  }
  const value = text.replace(/\r?\n$/, '')
  if (value === '' || text.length > BYTES_MAX) throw new Error(`${name}: ${file} holds no value.`)
  return value
}
