import { describe, expect, it, test } from 'vitest'
import type { AnswerRules } from '../src/benchmarks/answers.ts'
import { parseKris, parseKrisDual } from '../src/benchmarks/parse-kris.ts'

const both: AnswerRules[] = ['official', 'strict']

describe.each(both)('KRIS, %s rules: a score', rules => {
  const scoreOf = (text: string) => parseKris(text, 'consistency', { rules })?.score ?? null

  it('is read from the JSON around its key, with the reason', () => {
    const text = 'Here it is:\n```json\n{"consistency_score": 4, "reasoning": "2 of 3 chairs kept."}\n```'
    expect(parseKris(text, 'consistency', { rules })).toEqual({ score: 4, reasoning: '2 of 3 chairs kept.' })
    expect(parseKris('{"consistency_score": "3", "reason": "Moved."}', 'consistency', { rules })).toEqual({
      ...{ score: 3, reasoning: 'Moved.' },
    })
  })

  it.each([
    ['Consistency score: 4. The 2 chairs moved.', 4],
    ['consistency_score：3', 3],
    ['1. The door is green.\nConsistency Score: 5', 5],
    ['1. The door is green. I give 4/5.', 4],
    ['It deserves 2 out of 5.', 2],
    ['3', 3],
  ])('is found by its name or its scale in %j', (text, score) => {
    expect(scoreOf(text)).toBe(score)
  })

  it.each(['', 'I cannot compare these images.', 'It is excellent.', 'Consistency: 7'])('is null for %j', text => {
    expect(scoreOf(text)).toBeNull()
  })
})

test('KRIS: a quoted name outside of JSON and a digit in a sentence are where the rules differ', () => {
  const broken = '{"reasoning": 1. The door is green, "but" dark, 2. the rest is kept, "consistency_score": 4'
  expect(parseKris(broken, 'consistency', { rules: 'official' })?.score).toBe(1)
  expect(parseKris(broken, 'consistency')?.score).toBe(4)
  expect(parseKris('The door has 2 handles.', 'consistency', { rules: 'official' })?.score).toBe(2)
  expect(parseKris('The door has 2 handles.', 'consistency')).toBeNull()
  expect(parseKris('{"consistency_score": 8}', 'consistency', { rules: 'official' })?.score).toBe(8)
  expect(parseKris('{"consistency_score": 8}', 'consistency')).toBeNull()
  expect(parseKris('{"consistency_score": 4.7}', 'consistency', { rules: 'official' })?.score).toBe(4)
  expect(parseKris('{"consistency_score": 4.7}', 'consistency')).toBeNull()
  expect(parseKris('At first 4/5, then 2/5.', 'consistency', { rules: 'official' })?.score).toBe(4)
  expect(parseKris('At first 4/5, then 2/5.', 'consistency')).toBeNull()
})

test('KRIS: of several pictures the script looks for no name, so that the digit comes first', () => {
  const text = '2 references are used. Quality score: 5'
  expect(parseKris(text, 'quality', { rules: 'official' })?.score).toBe(5)
  expect(parseKris(text, 'quality', { rules: 'official', isMultiPicture: true })?.score).toBe(2)
  expect(parseKris(text, 'quality', { isMultiPicture: true })?.score).toBe(5)
  expect(parseKris('第4张图', 'quality', { rules: 'official' })).toBeNull()
})

describe.each(both)('KRIS, %s rules: two scores of one answer', rules => {
  it('are read from the whole as JSON or from its first block, braces within included', () => {
    const answer = {
      ...{ instruction_score: 5, instruction_reasoning: 'Melted {fully}.' },
      ...{ knowledge_score: 2, knowledge_reasoning: 'Ice floats.' },
    }
    const read = {
      instruction: 5,
      knowledge: 2,
      instructionReasoning: 'Melted {fully}.',
      knowledgeReasoning: 'Ice floats.',
    }
    expect(parseKrisDual(JSON.stringify(answer), rules)).toEqual(read)
    expect(parseKrisDual(`Sure:\n${JSON.stringify(answer, null, 2)}\nDone.`, rules)).toEqual(read)
  })

  it('are found by their names where it is no JSON', () => {
    const text = '1. "Instruction_Score": 4\nIt melts.\n2. Knowledge score: 3\nMostly.'
    expect(parseKrisDual(text, rules)).toMatchObject({ instruction: 4, knowledge: 3, knowledgeReasoning: null })
  })

  it.each(['Instruction score: 4', '{"instruction_score": 4, "knowledge_score": null}', 'Both are 4 of 5.', ''])(
    'are not guessed from %j',
    text => {
      expect(parseKrisDual(text, rules)).toBeNull()
    },
  )
})

test('KRIS: two scores are held to 1-5 by the strict rules alone', () => {
  const text = '{"instruction_score": 6, "knowledge_score": 3}'
  expect(parseKrisDual(text, 'official')).toMatchObject({ instruction: 6, knowledge: 3 })
  expect(parseKrisDual(text)).toBeNull()
})
