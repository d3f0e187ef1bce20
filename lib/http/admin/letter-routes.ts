import { discard } from '#lib/application/dead-letters/discard.ts'
import { edit } from '#lib/application/dead-letters/edit.ts'
import { getDeadLetter } from '#lib/application/dead-letters/get-dead-letter.ts'
import { letterFacets, listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import { purgeLetter } from '#lib/application/dead-letters/purge-letters.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { restore } from '#lib/application/dead-letters/restore.ts'
import { reveal } from '#lib/application/dead-letters/reveal.ts'
import { changeGroup } from '#lib/application/letter-groups/change-group.ts'
import { getGroup, listGroups } from '#lib/application/letter-groups/list-groups.ts'
import { mergeGroups, unmergeGroup } from '#lib/application/letter-groups/merge-groups.ts'
import { rejoinGroup, splitGroup } from '#lib/application/letter-groups/split-group.ts'
import { foretellLetter } from '#lib/application/operations/foretell-letter.ts'
import { exportLetters } from './export-lists.ts'
import { act, idOf, input, operate, read, recent } from './route-rows.ts'
import type { AdminRoute, FleetCall } from './table.ts'
import { pageOfWhole } from './whole-list.ts'

/** GET /dead-letters/groups: most letters first; a range is of the newest letter. */
async function groupsPage(call: FleetCall): Promise<unknown> {
  const { q, state, ...page } = call.query
  const query = { ...(q === undefined ? {} : { q }), ...(state === undefined ? {} : { state }) }
  const { groups, totals } = await listGroups(call.ctx, { ...input(call), query })
  const listed = pageOfWhole(groups, page, { idOf: ({ id }) => id, atMsOf: ({ lastAtMs }) => lastAtMs })
  return { ...listed, totals }
}

/** Rows of the route table about dead letters. */
export const LETTER_ROUTES: readonly AdminRoute[] = [
  read('/dead-letters', 'viewer', (call) => listDeadLetters(call.ctx, { ...input(call), query: call.query })),
  read('/dead-letters/facets', 'viewer', (call) =>
    letterFacets(call.ctx, { ...input(call), query: call.query }),
  ),
  read('/dead-letters/export', 'viewer', exportLetters),
  read('/dead-letters/groups', 'viewer', groupsPage),
  operate('POST', '/dead-letters/groups', (call) => splitGroup(call.ctx, input(call))),
  read('/dead-letters/groups/:id', 'viewer', (call) =>
    getGroup(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  operate('PATCH', '/dead-letters/groups/:id', (call) =>
    changeGroup(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  operate('DELETE', '/dead-letters/groups/:id', (call) =>
    rejoinGroup(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  act('/dead-letters/groups/:id/merge', 'operator', (call) =>
    mergeGroups(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  act('/dead-letters/groups/:id/unmerge', 'operator', (call) =>
    unmergeGroup(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  read('/dead-letters/:id', 'viewer', (call) => getDeadLetter(call.ctx, { ...input(call), id: idOf(call) })),
  act('/dead-letters/:id/preview', 'operator', (call) =>
    foretellLetter(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  act('/dead-letters/:id/replay', 'operator', (call) => replay(call.ctx, { ...input(call), id: idOf(call) })),
  act('/dead-letters/:id/edit', 'operator', (call) => edit(call.ctx, { ...input(call), id: idOf(call) })),
  act('/dead-letters/:id/reveal', 'operator', (call) => reveal(call.ctx, { ...input(call), id: idOf(call) })),
  recent(
    act('/dead-letters/:id/purge', 'admin', (call) =>
      purgeLetter(call.ctx, { ...input(call), id: idOf(call) }),
    ),
  ),
  act('/dead-letters/:id/discard', 'operator', async (call) => {
    const { letter, ...held } = await discard(call.ctx, { ...input(call), id: idOf(call) })
    return { ...letter, ...held }
  }),
  act('/dead-letters/:id/restore', 'operator', async (call) => {
    const { letter, held } = await restore(call.ctx, { ...input(call), id: idOf(call) })
    return { ...letter, held }
  }),
]
