import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Breaker, type BreakerEvent, closedBreaker, countFailed, nextBreaker } from '../workers/circuit-breaker.ts'

const breakerAfter = (...events: BreakerEvent[]): Breaker => events.reduce(nextBreaker, closedBreaker)
const times = (count: number, event: BreakerEvent): BreakerEvent[] => Array(count).fill(event)

describe('a breaker', () => {
  test.each<[string, BreakerEvent[], Breaker['state']]>([
    ['stays closed at four failures', times(4, 'failed'), 'closed'],
    ['opens at the fifth', times(5, 'failed'), 'open'],
    [
      'opens when half of the last ten failed',
      ['failed', 'answered', 'failed', 'answered', ...times(3, 'failed')],
      'open',
    ],
    ['forgets what is older than ten calls', [...times(4, 'failed'), ...times(10, 'answered'), 'failed'], 'closed'],
    ['opens where no connection can be made', ['refused'], 'open'],
    ['opens at a health check without an answer', [...times(10, 'answered'), 'silent'], 'open'],
    ['does not mind health checks while calls are answered', times(20, 'alive'), 'closed'],
    ['closes at a health check where nobody had listened', ['refused', 'alive'], 'closed'],
    ['lets one call decide where calls had failed', [...times(5, 'failed'), 'alive'], 'halfOpen'],
    ['lets one call decide after a pause', ['refused', 'rested'], 'halfOpen'],
    ['closes at that call', [...times(5, 'failed'), 'alive', 'answered'], 'closed'],
    ['opens again at that call', [...times(5, 'failed'), 'alive', 'failed'], 'open'],
    ['does not close at the late answer of an earlier call', [...times(5, 'failed'), 'answered'], 'open'],
  ])('%s', (_, events, state) => {
    expect(breakerAfter(...events).state).toBe(state)
  })

  test('has forgotten all failures once it closed', () => {
    expect(breakerAfter(...times(5, 'failed'), 'alive', 'answered', ...times(4, 'failed'))).toMatchObject({
      state: 'closed',
    })
  })

  test('never closes on failures, and is never closed with five of them', () => {
    const event = fc.constantFrom<BreakerEvent>('answered', 'failed', 'refused', 'alive', 'silent', 'rested')
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), events => {
        let breaker = closedBreaker
        for (const event of events) {
          const next = nextBreaker(breaker, event)
          if (next.state === 'closed') expect(countFailed(next)).toBeLessThan(5)
          if (breaker.state !== 'closed' && next.state === 'closed') expect(['answered', 'alive']).toContain(event)
          expect(next.failed.length).toBeLessThanOrEqual(10)
          breaker = next
        }
        // Whatever happened, an answered check and an answered call mend it.
        expect(breakerAfter(...events, 'alive', 'answered').state).toBe('closed')
      }),
    )
  })
})
