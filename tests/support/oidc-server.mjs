import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

/**
 * A sign-in provider in a process of its own, on loopback. Whoever started it says by messages who is at the browser
 * (`account`, at first that of its last argument), and what is changed of the next ID token (`claims`, `key: 'another'`) or of the answer (`status`).
 */
const keyOf = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
const [own, another] = [keyOf(), keyOf()]
let told = { account: JSON.parse(process.argv[4] ?? '{"sub":"nobody"}') }
process.on('message', (message) => {
  told = message
  process.send({ heard: true })
})

const server = createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'tidemark',
      client_secret: process.argv[2],
      redirect_uris: [process.argv[3]],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
  ],
  jwks: { keys: [{ ...own, kid: 'own', use: 'sig', alg: 'RS256' }] },
  cookies: { keys: [process.argv[2]] },
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...told.account, sub: id }) }),
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({
      clientId: oidc.client.clientId,
      accountId: oidc.session.accountId,
    })
    grant.addOIDCScope('openid email profile')
    await grant.save()
    return grant
  },
})

provider.use(async (ctx, next) => {
  if (ctx.path.startsWith('/interaction/')) {
    const login = { accountId: told.account.sub }
    await provider.interactionFinished(ctx.req, ctx.res, { login }, { mergeWithLastSubmission: false })
    ctx.respond = false
    return
  }
  await next()
  if (ctx.path !== '/token') return
  if (told.status) ctx.status = told.status
  else if (ctx.body?.id_token) ctx.body = { ...ctx.body, id_token: changed(ctx.body.id_token) }
})
server.on('request', provider.callback())
process.send({ issuer })
process.on('disconnect', () => process.exit(0))

function changed(token) {
  if (!told.claims && !told.key) return token
  const [head, payload] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  const claims = JSON.stringify({ ...JSON.parse(payload), ...told.claims })
  const input = [head, claims].map((part) => Buffer.from(part).toString('base64url')).join('.')
  const key = createPrivateKey({ key: told.key === 'another' ? another : own, format: 'jwk' })
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
}
