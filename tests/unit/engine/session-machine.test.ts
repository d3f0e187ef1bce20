import { describe, expect, it } from 'vitest'
import { SESSION_EVENTS, SESSION_TABLE, isLegal, transition } from '#lib/engine/session-machine.ts'
import type { SessionEvent, SessionState } from '#lib/engine/session-machine.ts'
import { SESSION_STATES } from '#lib/protocol/session-states.ts'

const drive = (from: SessionState, events: readonly SessionEvent[]): SessionState[] =>
  events.reduce<SessionState[]>(
    (path, event) => {
      const next = transition(path.at(-1) as SessionState, event)
      if (!next.ok) throw new Error(`${path.at(-1)} refuses ${event}`)
      return [...path, next.value]
    },
    [from],
  )

describe('session machine', () => {
  it('[SM1] every state × event is decided, and to a known state', () => {
    expect(Object.keys(SESSION_TABLE).sort()).toEqual([...SESSION_STATES].sort())
    for (const state of SESSION_STATES) {
      expect(Object.keys(SESSION_TABLE[state]).sort()).toEqual([...SESSION_EVENTS].sort())
      for (const event of SESSION_EVENTS) {
        const to = SESSION_TABLE[state][event]
        expect(transition(state, event)).toEqual(
          to === null ? { ok: false, error: 'refused' } : { ok: true, value: to },
        )
        if (to !== null) expect(SESSION_STATES).toContain(to)
      }
    }
  })

  it('[SM1] a good session runs through the picture and returns', () => {
    expect(drive('idle', ['start', 'scanned', 'pushed', 'pulled', 'resolved', 'committed'])).toEqual([
      'idle',
      'scanning',
      'pushing',
      'pulling',
      'resolving',
      'committing',
      'idle',
    ])
    expect(
      drive('pulling', ['resync_needed', 'resynced', 'more_to_resync', 'resynced', 'committed']).at(-1),
    ).toBe('idle')
    expect(drive('pushing', ['shed', 'wait_over'])).toEqual(['pushing', 'shed', 'scanning'])
    expect(drive('pulling', ['failed', 'wait_over'])).toEqual(['pulling', 'backoff', 'scanning'])
    expect(drive('pushing', ['network_lost', 'network_back'])).toEqual(['pushing', 'offline', 'idle'])
  })

  it('[SM1] an event that a state does not take is refused', () => {
    expect(transition('idle', 'pushed')).toEqual({ ok: false, error: 'refused' })
    expect(transition('halted', 'start')).toEqual({ ok: false, error: 'refused' })
    expect(transition('shed', 'start')).toEqual({ ok: false, error: 'refused' })
  })

  it('[SM5] nothing is pulled before what is pending was pushed', () => {
    expect(SESSION_TABLE.scanning.scanned).toBe('pushing')
    const toPulling = SESSION_STATES.filter((state) =>
      Object.values(SESSION_TABLE[state]).includes('pulling'),
    )
    expect(toPulling).toEqual(['scanning', 'pushing', 'committing'])
    expect(SESSION_TABLE.scanning.nothing_to_push).toBe('pulling')
  })

  it('[SM6] from every state but halted, idle is within reach, and only a person leaves halted', () => {
    for (const state of SESSION_STATES) {
      const seen = new Set<SessionState>([state])
      for (const at of seen) for (const to of Object.values(SESSION_TABLE[at])) if (to !== null) seen.add(to)
      expect(seen.has('idle')).toBe(true)
    }
    expect(Object.entries(SESSION_TABLE.halted).filter(([, to]) => to !== null)).toEqual([
      ['resumed', 'idle'],
    ])
  })

  it('[SM7] the check of a reported transition reads the same table and takes any text', () => {
    for (const from of SESSION_STATES) {
      for (const event of SESSION_EVENTS) {
        for (const to of SESSION_STATES)
          expect(isLegal({ from, event, to })).toBe(SESSION_TABLE[from][event] === to)
      }
    }
    expect(isLegal({ from: 'toString', event: '__proto__', to: 'idle' })).toBe(false)
    expect(isLegal({ from: 'idle', event: 'constructor', to: 'idle' })).toBe(false)
  })
})
