import { WINDOW_SECONDS } from '#lib/engine/breaker/window.ts'
import {
  BODY_BYTES_MAX,
  DEAD_LETTERS_PER_DEVICE_DAY_MAX,
  LETTER_RESTORABLE_MS,
  MUTATION_ID_LIFE_MS,
  MUTATIONS_PER_PUSH_MAX,
  STORED_RESPONSE_LIFE_MS,
  TOKEN_LIFE_MS,
} from '#lib/protocol/limits.ts'
import type { Collection, Fleet } from '#lib/storage/ports.ts'
import { dayText } from '#lib/telemetry/review/figure-words.ts'
import { reviewVerdict } from '#lib/telemetry/review/review-verdict.ts'
import type { ScarLimits, ScarReport } from '#lib/telemetry/review/scar.ts'
import { scarReport } from '#lib/telemetry/review/scar.ts'
import { thresholdsOf } from '#lib/telemetry/thresholds.ts'
import { collectionScope } from '../breakers/scopes.ts'
import type { Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import type { OfCollection } from './collection-of.ts'
import { newestLab } from './newest-lab.ts'
import { scarEvidence } from './scar-evidence.ts'
import { showReview } from './show-review.ts'

type Deps = Pick<Context, 'storage' | 'clock' | 'breakers' | 'measurements'>

/**
 * The SCAR report of a collection: its newest review, how it is set up, and what was measured of it in the last 30 days.
 * @throws ApplicationError `not_found`
 */
export async function showScar(ctx: Deps, of: OfCollection): Promise<ScarReport> {
  const { collection, settings, review, measured, recommendation } = await showReview(ctx, of)
  const { fleetId, name } = collection
  const { fromMs, toMs } = measured
  const [fleet, evidence, lab] = await Promise.all([
    ctx.storage.fleets.get(fleetId),
    scarEvidence(ctx, { fleetId, name, fromMs, toMs }),
    newestLab(ctx, collection),
  ])
  if (fleet === null) throw new ApplicationError('not_found')
  const { rules, upMigrations, masked, schemaVersion, authority } = collection
  const day = review === null ? '' : dayText(review.atMs)
  return scarReport({
    collection: {
      name,
      schemaVersion,
      rules: rules.length,
      upMigrations: upMigrations.length,
      masked: masked.length,
      hasAuthority: authority !== null,
    },
    fleet: fleet.name,
    atMs: measured.atMs,
    settings,
    review,
    recommendation,
    measured,
    verdict: reviewVerdict(name, review && { answers: review.answers, recommendation }, settings, day),
    lab,
    evidence,
    limits: limitsOf(ctx, fleet, collection),
  })
}

function limitsOf({ breakers }: Deps, { settings }: Fleet, collection: Collection): ScarLimits {
  const { failureRateMax, slowRateMax, slowMs, callsMin, openMs, openMsMax, probes } = breakers.settingsOf(
    collectionScope(collection.fleetId, collection.name),
  )
  return {
    intervalMs: settings.intervalMs,
    backoffBaseMs: settings.backoff.baseMs,
    backoffCapMs: settings.backoff.capMs,
    failureRateMax,
    slowRateMax,
    slowMs,
    callsMin,
    windowSeconds: WINDOW_SECONDS,
    openMs,
    openMsMax,
    probes,
    mutationsPerPushMax: MUTATIONS_PER_PUSH_MAX,
    bodyBytesMax: BODY_BYTES_MAX,
    answersKeptMs: STORED_RESPONSE_LIFE_MS,
    mutationIdsKeptMs: MUTATION_ID_LIFE_MS,
    tokensGoodMs: TOKEN_LIFE_MS,
    lettersPerDeviceDayMax: DEAD_LETTERS_PER_DEVICE_DAY_MAX,
    lettersKeptMs: LETTER_RESTORABLE_MS,
    thresholds: thresholdsOf(settings.thresholds, collection.thresholds),
  }
}
