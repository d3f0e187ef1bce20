import { z } from 'zod'
import { COMMAND_TYPES, diagnosticsRequest } from '#lib/protocol/command.ts'
import { CHANGE_FATES, enrollRequest, heartbeatRequest } from '#lib/protocol/device.ts'
import {
  BODY_BYTES_MAX,
  MUTATIONS_PER_PUSH_MAX,
  PULL_CHANGES_MAX,
  PUSH_RECORD_BYTES_MAX,
  SESSIONS_PER_REPORT_MAX,
} from '#lib/protocol/limits.ts'
import { foreignSession } from '#lib/protocol/ingest.ts'
import { pushRequest } from '#lib/protocol/push.ts'
import { sessionReport } from '#lib/protocol/session.ts'
import {
  configAnswer,
  enrollAnswer,
  ingestAnswer,
  problem,
  pullAnswer,
  pushAnswer,
  diagnosticsAnswer,
  rotateAnswer,
  sessionsAnswer,
} from './openapi-answers.ts'
import { content, schemaOf } from './openapi-parts.ts'

/** One document of JSON; only what is used here. */
interface Operation {
  readonly method: 'get' | 'post'
  readonly path: string
  readonly summary: string
  /** What the summary and the schemas don't say. */
  readonly description?: string
  readonly body?: z.ZodType | 'protobuf'
  readonly answer: z.ZodType | 'events' | 'nothing'
  readonly status: number
  readonly parameters?: readonly object[]
  /** Answers with an ETag, and 304 to who holds it. */
  readonly etag?: boolean
  /** Asked by no device: without what a device and its server tell each other in headers. */
  readonly isForeign?: boolean
}

const query = (name: string, description: string, schema: object): object => ({
  name,
  in: 'query',
  description,
  schema,
})
const TEXT = { type: 'string' }
const requestHeader = (name: string, description: string): object => ({
  name,
  in: 'header',
  description,
  schema: TEXT,
})
const MIB = 1024 * 1024
/** A push, and what bounds it (PU5). */
const PUSH = `At most ${MUTATIONS_PER_PUSH_MAX} mutations and ${BODY_BYTES_MAX / MIB} MiB. The records that a push changes, and those that it is answered with, have ${PUSH_RECORD_BYTES_MAX / MIB} MiB and one record more at the most: the mutations after that are \`retry\`, \`push_full\`, and go into another push.

\`after\` is the device's own mutation that this one was made on. 500 links of it are followed: behind more of them the base is unknown, and so it is after one that nobody knows, but not behind a delete that came in between. In one push an id is what was sent under it there: behind one that is \`refused\` (\`mutation_id_reused\` too, though another mutation had its effect under that id) a child is \`parent_refused\`; in a later push it goes on from what had its effect.

A \`put\` that makes a removed record anew has \`baseVersion\` 0, or the device's own delete as \`after\`. With the version of the tombstone as its base it is an edit of what isn't there, and goes to a person.

With \`atomic\` all of it happens or nothing does: a culprit (a conflict, dead letter, refusal, \`retry\` or \`shed\`) is 409 \`atomic_aborted\` with \`results\`, and with \`Retry-After\` where all culprits are \`retry\` or \`shed\`. One that is past the bound on records is 413 \`atomic_too_large\`, now and whenever it came again, and so is one that its collections' authorities, quick as they are, cannot be asked about in 15 s: make it of fewer changes.`
/** Events (EV1): there is no schema for what stands in a stream. */
const EVENTS = `Each event's data is one JSON object. All of it is a hint: whatever is missed comes with the next session.

- \`poke {collections, spreadMs}\`: these have grown; those who hear it come spread over so long
- \`breaker {scope, state, retryAfterMs}\`
- \`command {id, type}\`: what an operator asks for (${COMMAND_TYPES.join(', ')}), once a stream; a report's \`ackCommands\` acknowledges it
- \`resolved {conflictId}\`, \`replayed {deadLetterId}\`, \`discarded {deadLetterId}\`: what became of the device's work; the same waits in \`Tidemark-Commands\`, with an id to acknowledge`
/** docs/telemetry-in.md has more of it. */
const INGEST = `Each session is stored, a duplicate (its \`sessionId\` was told before under this key's source), or refused by itself. What is left out or null is shown as not reported, never as zero; unknown fields are ignored. Clients become devices by first sight. The same tables also fill from OTLP/HTTP at \`/api/otlp/v1/traces\`, \`/metrics\` and \`/logs\`, in protobuf or JSON.`
const REMOTE_WRITE = `Samples of the names that are read; others are passed over and counted as refused, and the answer is 204 all the same. The buckets of histograms are not read this way.`
const COMMANDS = `What waits for the device, as a JSON list: \`{id, type}\` for commands; \`{id, type: "resolved", conflictId}\` and \`{id, type: "replayed" or "discarded", deadLetterId}\` for news; told until a report's \`ackCommands\` names the id. And \`{type: "breaker", scope, state, retryAfterMs}\`, without an id, for each open breaker.`
const APP = requestHeader('Tidemark-App', '<appVersion>;<platform>')
const REPORT = requestHeader('Tidemark-Report', 'The report of the device, as JSON')
const IF_NONE_MATCH = requestHeader('If-None-Match', 'The ETag of what the device holds')

/** Every operation of the device API that is served. */
export const DEVICE_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/enroll',
    summary: 'Enroll a device; the bearer is an enrollment key',
    body: enrollRequest,
    answer: enrollAnswer,
    status: 201,
  },
  {
    method: 'get',
    path: '/config',
    summary: 'The collections and sync settings of the device',
    answer: configAnswer,
    status: 200,
    etag: true,
  },
  {
    method: 'post',
    path: '/push',
    summary:
      'Upload mutations; the same requestId again gives the same answer, unless that was a 409, which had no effect',
    description: PUSH,
    body: pushRequest,
    answer: pushAnswer,
    status: 200,
  },
  {
    method: 'get',
    path: '/pull',
    summary: 'Changes since a token',
    answer: pullAnswer,
    status: 200,
    etag: true,
    parameters: [
      REPORT,
      query('token', 'From the last pull; without it everything', { type: 'string' }),
      query('collections', 'Names, separated by commas; without it all that the device may read', {
        type: 'string',
      }),
      query('limit', 'Changes a page', { type: 'integer', minimum: 1, maximum: PULL_CHANGES_MAX }),
      query(
        'texts',
        'Long texts by what came to them since the token (`textsSince`: an update of Yjs, or `ops`, and two FNV-1a hashes of what it reads as, lib/engine/crdt/hash53.ts), or whole. What is told may begin before the token, so a part of it may be held already: join updates, and of `ops`, which end at `revision`, leave out those up to the revision that you have',
        {
          type: 'string',
          enum: ['since', 'whole'],
        },
      ),
    ],
  },
  {
    method: 'post',
    path: '/heartbeat',
    summary: 'A device with nothing to do tells how it is',
    body: heartbeatRequest,
    answer: z.object({
      decided: z.array(z.string()),
      unknown: z.array(z.string()),
      fates: z.array(z.object({ id: z.string(), fate: z.enum(CHANGE_FATES) })),
    }),
    status: 200,
  },
  {
    method: 'post',
    path: '/sessions',
    summary: 'Report finished sessions; each is stored, a duplicate, or refused by itself',
    body: z.object({
      sessions: z.array(sessionReport).min(1).max(SESSIONS_PER_REPORT_MAX),
      offsetMs: z.number().optional(),
    }),
    answer: sessionsAnswer,
    status: 200,
  },
  {
    method: 'get',
    path: '/events',
    summary: 'Server-sent events: what need not wait an interval',
    description: EVENTS,
    answer: 'events',
    status: 200,
  },
  {
    method: 'post',
    path: '/token/rotate',
    summary: 'A new token; the old one lives on for 24 h',
    answer: rotateAnswer,
    status: 200,
  },
  {
    method: 'post',
    path: '/diagnostics',
    summary: 'What a device knows about itself, for the operators; at most 1 MiB',
    body: diagnosticsRequest,
    answer: diagnosticsAnswer,
    status: 201,
  },
  {
    method: 'post',
    path: '/ingest/sessions',
    summary: 'Sessions of another sync engine; the bearer is an ingest key',
    description: INGEST,
    body: z.object({ sessions: z.array(foreignSession).min(1).max(SESSIONS_PER_REPORT_MAX) }),
    answer: ingestAnswer,
    status: 200,
    isForeign: true,
  },
  {
    method: 'post',
    path: '/ingest/prometheus/write',
    summary: 'Prometheus remote write 1.0, packed by snappy; the bearer is an ingest key',
    description: REMOTE_WRITE,
    body: 'protobuf',
    answer: 'nothing',
    status: 204,
    isForeign: true,
  },
]

/** The contract of the device API as OpenAPI 3.1, from the schemas that the edge parses with. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of DEVICE_OPERATIONS)
    paths[operation.path] = { [operation.method]: describe(operation) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tidemark device API',
      version: '1',
      description: 'JSON over HTTP. Errors are application/problem+json with a stable `code`.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'tmd_… of a device, tme_… to enroll, or the code that stands for one, tmi_… for /ingest',
        },
      },
      schemas: { Problem: schemaOf(problem, 'output') },
    },
  }
}

/** Headers of an answer: those of every one, then those of every authenticated one. */
const EVERY_HEADER = {
  'Tidemark-Version': ['The version of this contract', TEXT],
  'Tidemark-Now': ['The server’s clock, Unix ms', TEXT],
} as const
const AUTHENTICATED_HEADER = {
  'Tidemark-Config': ['The version of the config; another one is to be read again', TEXT],
  'Tidemark-Epoch': ['Another one than before: the fleet was restored', TEXT],
  'Tidemark-Commands': [COMMANDS, TEXT],
} as const
const ETAG_HEADER = { ETag: ['For If-None-Match', TEXT] } as const
const PROBLEM_HEADER = { 'Retry-After': ['Seconds', TEXT] } as const

const headersOf = (named: Readonly<Record<string, readonly [string, object]>>, required: boolean): object =>
  Object.fromEntries(
    Object.entries(named).map(([name, [description, schema]]) => [name, { description, required, schema }]),
  )

function describe({
  summary,
  description,
  body,
  answer,
  status,
  parameters,
  etag = false,
  isForeign = false,
}: Operation): object {
  const problemAnswer = content('application/problem+json', { $ref: '#/components/schemas/Problem' })
  const every = isForeign ? {} : EVERY_HEADER
  const authenticated = isForeign ? {} : AUTHENTICATED_HEADER
  const headers = headersOf({ ...every, ...authenticated, ...(etag ? ETAG_HEADER : {}) }, true)
  return {
    summary,
    ...(description !== undefined && { description }),
    parameters: [...(isForeign ? [] : [APP]), ...(etag ? [IF_NONE_MATCH] : []), ...(parameters ?? [])],
    ...(body && { requestBody: { required: true, ...bodyContent(body) } }),
    responses: {
      [status]: { description: summary, headers, ...answerContent(answer) },
      ...(etag && { 304: { description: 'Nothing new', headers } }),
      default: {
        description: 'An error',
        headers: { ...headersOf(every, true), ...headersOf(PROBLEM_HEADER, false) },
        ...problemAnswer,
      },
    },
  }
}

const bodyContent = (body: NonNullable<Operation['body']>): object =>
  body === 'protobuf'
    ? content('application/x-protobuf', { type: 'string', format: 'binary' })
    : content('application/json', schemaOf(body, 'input'))

function answerContent(answer: Operation['answer']): object {
  if (answer === 'nothing') return {}
  if (answer === 'events') return content('text/event-stream', { type: 'string' })
  return content('application/json', schemaOf(answer, 'output'))
}
