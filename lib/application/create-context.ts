import { AlertRounds } from './alerts/alert-rounds.ts'
import { Breakers } from './breakers/breakers.ts'
import { BreakerJournal } from './breakers/journal.ts'
import { Overrides } from './breakers/overrides.ts'
import { tellChange } from './breakers/tell-change.ts'
import type { Context, Surroundings } from './context.ts'
import { Contacts } from './devices/contacts.ts'
import { DeadTokens } from './devices/dead-tokens.ts'
import { DeviceDirectory } from './devices/directory.ts'
import { IngestBound } from './ingest/ingest-bound.ts'
import { LoadBound } from './load-bound.ts'
import { RateLimiter } from './rate-limits.ts'
import { RequestCounter } from './request-counter.ts'
import { Measurements } from './reviews/measurements.ts'
import { AskingBound } from './sync/asking-bound.ts'
import { GroupCommit } from './sync/group-commit.ts'
import { Growth } from './sync/growth.ts'
import { Pokes } from './sync/pokes.ts'
import { RulesCache } from './sync/rules.ts'
import { SharedPages } from './sync/shared-pages.ts'
import { ShownPositions } from './sync/shown-positions.ts'
import { ShownTokens } from './sync/shown-tokens.ts'
import { StreamHeads } from './sync/stream-heads.ts'

/** The application over these surroundings: one for each process, or for each simulated one in a test. */
export function createContext(surroundings: Surroundings): Context {
  const { storage, clock } = surroundings
  const pokes = new Pokes()
  const directory = new DeviceDirectory(storage, clock, new DeadTokens(surroundings))
  const rules = new RulesCache(storage)
  const heads = new StreamHeads({ storage, clock, rules })
  const growth = new Growth({ ...surroundings, pokes })
  const journal = new BreakerJournal(surroundings)
  const breakers = new Breakers({
    ...surroundings,
    journal,
    onChange: (change) => tellChange({ ...surroundings, pokes }, change),
  })
  return {
    ...surroundings,
    pokes,
    contacts: new Contacts(surroundings),
    heads,
    pages: new SharedPages(surroundings),
    shownPositions: new ShownPositions(clock),
    shownTokens: new ShownTokens(surroundings.mac, clock),
    directory,
    requests: new RequestCounter(surroundings),
    load: new LoadBound(),
    asking: new AskingBound(),
    breakers,
    journal,
    overrides: new Overrides({ ...surroundings, breakers, journal }),
    rateLimiter: new RateLimiter(clock),
    ingesting: new IngestBound(),
    alertRounds: new AlertRounds(surroundings),
    measurements: new Measurements(clock),
    groupCommit: new GroupCommit({ ...surroundings, pokes, directory, rules, heads, growth }),
  }
}
