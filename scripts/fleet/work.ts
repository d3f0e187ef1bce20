import type { JsonObject } from '#lib/kernel/json.ts'
import type { Random } from '#lib/kernel/random.ts'
import type { Replica } from '#lib/client/replica.ts'
import { pick } from './chance.ts'
import { FAULTY_VERSION, type Inspector } from './devices.ts'
import type { Profile } from './profiles.ts'

const REPORTS = 'strike-reports'
/** Reports that an inspector keeps at hand: the newest of the airport. */
const AT_HAND_MAX = 40
/** Reports that everybody amends, so that changes meet. */
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

/** One inspector's next change: a new report, or an amendment of one that is at hand. */
export async function doWork(
  replica: Replica,
  inspector: Inspector,
  reports: readonly JsonObject[],
  profile: Profile,
  random: Random,
): Promise<void> {
  const atHand = await reportsAtHand(replica, inspector)
  const hot = random() < profile.hotRate
  if (atHand.length === 0 || (!hot && random() < 0.5))
    return createReport(replica, inspector, reports, profile, random)
  const id = pick(hot ? atHand.slice(0, HOT_MAX) : atHand, random)
  await replica.collection(REPORTS).patch(id, { set: amendment(inspector, random) }, { validate: false })
}

async function reportsAtHand(replica: Replica, { airport }: Inspector): Promise<readonly string[]> {
  const mine = await replica.collection(REPORTS).query(({ data }) => data['airportName'] === airport.name)
  return mine.slice(-AT_HAND_MAX).map(({ id }) => id)
}

async function createReport(
  replica: Replica,
  inspector: Inspector,
  reports: readonly JsonObject[],
  profile: Profile,
  random: Random,
): Promise<void> {
  const isFaulty = inspector.device.appVersion === FAULTY_VERSION
  const isPoisoned = random() < profile.poisonRate * (isFaulty ? 4 : 0.25)
  const report = { ...pick(reports, random), ...(isPoisoned ? { speedIasKnots: '' } : {}) }
  await replica.collection(REPORTS).put(null, report, { validate: false })
}

function amendment({ device }: Inspector, random: Random): JsonObject {
  const inspectedBy = device.name
  const chance = random()
  if (chance < 0.4) return { remarks: pick(REMARKS, random), inspectedBy }
  if (chance < 0.7) return { status: pick(['inspected', 'closed'], random), inspectedBy }
  if (chance < 0.9) return { species: pick(SPECIES, random) }
  return { costRepairUsd: Math.floor(random() * 20) * 500, damage: pick(['None', 'Minor'], random) }
}
