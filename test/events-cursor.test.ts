import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidInputError } from '../src/errors.ts'
import {
  comparePositions,
  decodeEventCursor,
  type EventPosition,
  encodeEventCursor,
  oldestPosition,
} from '../src/events/event-cursor.ts'

const positions: fc.Arbitrary<EventPosition> = fc.record({
  epoch: fc.nat(2 ** 31 - 1),
  xid: fc.bigInt(0n, 2n ** 64n - 1n),
  jobId: fc.uuid(),
  seq: fc.nat(2 ** 31 - 1),
})

describe('a cursor', () => {
  test('gives its position back', () => {
    fc.assert(
      fc.property(positions, position => {
        expect(decodeEventCursor(encodeEventCursor(position))).toEqual(position)
      }),
    )
    expect(decodeEventCursor(encodeEventCursor(oldestPosition))).toEqual(oldestPosition)
  })

  test('that was not given out is refused, naming the field', () => {
    const good = encodeEventCursor({ epoch: 1, xid: 5n, jobId: '018f0000-0000-7000-8000-000000000000', seq: 2 })
    const text = (plain: string) => Buffer.from(plain).toString('base64url')
    const bad = [
      '',
      'x',
      '5',
      `${good}=`,
      good.slice(1),
      good.slice(0, -1),
      text('1.5.018f0000-0000-7000-8000-000000000000'),
      text('01.5.018f0000-0000-7000-8000-000000000000.2').concat('AA'),
      text('1.18446744073709551616.018f0000-0000-7000-8000-000000000000.2'),
      text('2147483648.5.018f0000-0000-7000-8000-000000000000.2'),
      text('-1.5.018f0000-0000-7000-8000-000000000000.2'),
      text('1.5.018F0000-0000-7000-8000-000000000000.2'),
      'A'.repeat(100_000),
    ]
    for (const cursor of bad) {
      expect(() => decodeEventCursor(cursor), cursor).toThrow(InvalidInputError)
      expect(() => decodeEventCursor(cursor), cursor).toThrow(expect.objectContaining({ field: 'after' }))
    }
  })

  test('sorts by epoch, then transaction, then job, then seq', () => {
    const sorted: EventPosition[] = [
      { epoch: 1, xid: 9n, jobId: 'b', seq: 9 },
      { epoch: 2, xid: 9n, jobId: 'b', seq: 2 },
      { epoch: 2, xid: 10n, jobId: 'a', seq: 3 },
      { epoch: 2, xid: 10n, jobId: 'b', seq: 1 },
      { epoch: 2, xid: 10n, jobId: 'b', seq: 2 },
    ]
    expect([...sorted].reverse().sort(comparePositions)).toEqual(sorted)
  })
})
