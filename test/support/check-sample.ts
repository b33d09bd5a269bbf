import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { readJson } from './bench-house.ts'

/** Expects every key that the script writes, of the sample and of its turns, and pictures that are those of the turns. */
export async function checkSample(out: string, sample: string, label: string): Promise<void> {
  const meta = await readJson(out, 'final', `${sample}_meta.json`)
  expect(Object.keys(meta)).toEqual([
    ...['key', 'task_type', 'instruction_language', 'original_instruction', 'max_turns', 'turns', 'is_satisfied'],
    ...['final_turn', 'final_output_path', 'final_source_path', 'all_turns_in_final', 'pentimento'],
  ])
  expect(meta).toMatchObject({
    max_turns: 3,
    final_turn: meta.turns.length,
    pentimento: { run: label, select: 'best' },
  })
  expect(meta.final_output_path).toBe(join(out, 'final', `${sample}.png`))
  for (const turn of meta.turns) {
    expect(Object.keys(turn)).toEqual(
      expect.arrayContaining([
        ...[
          'turn_number',
          'rewritten_prompt',
          'evaluation',
          'generated',
          'output_path',
          'source_path',
          'method',
          'action',
        ],
      ]),
    )
  }
  expect(meta.turns[0].score).toEqual({
    ...{ semantic: expect.any(Number), quality: expect.any(Number), overall: expect.any(Number) },
  })
  const made = meta.turns.filter((turn: { generated: boolean }) => turn.generated).length
  const read = (...path: string[]) => readFile(join(out, ...path))
  for (const { turn, path, is_copy: isCopy = false, copied_from: from } of meta.all_turns_in_final) {
    expect({ turn, isCopy, from }).toEqual({ turn, isCopy: turn > made, from: turn > made ? made : undefined })
    const picture = await readFile(path)
    expect(picture.equals(await read(`turn${turn}`, `${sample}.png`))).toBe(true)
    expect(picture.equals(await read(`turn${Math.min(turn, made)}`, `${sample}.png`))).toBe(true)
  }
  const result = await read('final', `${sample}.png`)
  expect(result.equals(await read(`turn${meta.pentimento.selected_turn}`, `${sample}.png`))).toBe(true)
}
