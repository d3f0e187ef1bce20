import type { JsonObject } from '#lib/kernel/json.ts'
import type { Random } from '#lib/kernel/random.ts'
import type { Replica } from '#lib/client/replica.ts'
import { pick } from './chance.ts'
import { FAULTY_VERSION, type Inspector } from './devices.ts'
import type { Profile } from './profiles.ts'

const REPORTS = 'strike-reports'
const INSPECTIONS = 'inspections'
/** Share of an inspector's changes that tell of a walk over the runway. */
const INSPECTION_RATE = 0.12
/** Reports that an inspector looks after: the last ones filed. */
const FILED_MAX = 40
/** The airport's first reports, which everybody amends now and then, so that changes meet. */
const HOT_MAX = 3

const REMARKS = [
  'remains sent to the laboratory',
  'runway swept, nothing found',
  'pilot interviewed',
  'photograph taken',
  'engine inspected, no damage seen',
  'wildlife team informed',
]
const SPECIES = [
  'Killdeer',
  'Mourning dove',
  'American kestrel',
  'Barn swallow',
  'Rock pigeon',
  'European starling',
]

const RUNWAYS = ['09L', '09R', '27L', '27R', '18', '36']
const OUTCOMES = ['clear', 'clear', 'clear', 'debris', 'carcass']

/** What an inspector works with. */
export interface Desk {
  readonly inspector: Inspector
  /** Real reports of the airport, to file ones like them. */
  readonly templates: readonly JsonObject[]
  /** Ids of reports that this inspector filed and looks after, oldest first. */
  readonly filed: string[]
  /** How long the fleet runs. */
  readonly runningMs: () => number
}

/**
 * One inspector's next change: a new report, or an amendment. Inspectors look after the reports that they filed, so
 * changes rarely meet; those of the airport's first reports, which everybody amends now and then, may.
 */
export async function doWork(replica: Replica, desk: Desk, profile: Profile, random: Random): Promise<void> {
  if (random() < INSPECTION_RATE) return inspect(replica, desk, random)
  const hot = random() < profile.hotRate
  const files = !hot && random() < 0.5
  const id = files
    ? null
    : hot
      ? await sharedReport(replica, desk, random)
      : await ownReport(replica, desk, random)
  if (id === null) return createReport(replica, desk, profile, random)
  const set = amendment(desk.inspector, random)
  await replica.collection(REPORTS).patch(id, { set }, { validate: false })
}

/** A walk over a runway, after a strike where there was one. */
async function inspect(replica: Replica, desk: Desk, random: Random): Promise<void> {
  const { airport, device } = desk.inspector
  const strikeReportId = await ownReport(replica, desk, random)
  await replica.collection(INSPECTIONS).put(
    null,
    {
      airportName: airport.name,
      runway: pick(RUNWAYS, random),
      inspectedAt: new Date().toISOString(),
      inspector: device.name,
      outcome: pick(OUTCOMES, random),
      ...(strikeReportId === null ? {} : { strikeReportId }),
    },
    { validate: false },
  )
}

/** One of the airport's first reports, whoever filed it; null while there is none. */
async function sharedReport(replica: Replica, { inspector }: Desk, random: Random): Promise<string | null> {
  const { name } = inspector.airport
  const first = await replica.collection(REPORTS).query(({ data }) => data['airportName'] === name, HOT_MAX)
  return first.length === 0 ? null : pick(first, random).id
}

/** One that this inspector filed and that still is one: a dead letter leaves nothing to amend. */
async function ownReport(replica: Replica, { filed }: Desk, random: Random): Promise<string | null> {
  if (filed.length === 0) return null
  const id = pick(filed, random)
  if (await replica.collection(REPORTS).get(id)) return id
  filed.splice(filed.indexOf(id), 1)
  return null
}

async function createReport(
  replica: Replica,
  { inspector, templates, filed, runningMs }: Desk,
  profile: Profile,
  random: Random,
): Promise<void> {
  const isFaulty = isPoisoned(inspector.device.appVersion, profile, runningMs(), random)
  const report = { ...pick(templates, random), ...(isFaulty ? { speedIasKnots: '' } : {}) }
  const { recordId } = await replica.collection(REPORTS).put(null, report, { validate: false })
  filed.push(recordId)
  if (filed.length > FILED_MAX) filed.shift()
}

/** Whether a report that this app version creates now is one that the schema refuses. */
export const isPoisoned = (
  appVersion: string,
  { poisonRate, poisonAfterMs }: Profile,
  runningMs: number,
  random: Random,
): boolean => appVersion === FAULTY_VERSION && runningMs >= poisonAfterMs && random() < poisonRate

function amendment({ device }: Inspector, random: Random): JsonObject {
  const inspectedBy = device.name
  const chance = random()
  if (chance < 0.4) return { remarks: pick(REMARKS, random), inspectedBy }
  if (chance < 0.7) return { status: pick(['inspected', 'closed'], random), inspectedBy }
  if (chance < 0.9) return { species: pick(SPECIES, random) }
  return { costRepairUsd: Math.floor(random() * 20) * 500, damage: pick(['None', 'Minor'], random) }
}
