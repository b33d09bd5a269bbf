import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { paintPicture } from './paint-picture.ts'

/** A turn as the script of the paper writes it; the first is made from the instruction. */
export function paperTurn(number: number, turn: object = {}): Record<string, unknown> {
  return {
    ...{ turn_number: number, rewritten_prompt: `prompt ${number}`, evaluation: null, generated: true },
    ...{ output_path: `/data/turn${number}/x.png`, source_path: `/data/turn${number}/x_SRCIMG.png` },
    ...{ method: number === 1 ? 'no_rewrite' : 'evaluate_and_rewrite_prompt', action: 'generated' },
    ...turn,
  }
}

/** What the script writes about a sample. */
export function paperMeta(key: string | number, turns: object[], meta: object = {}): Record<string, unknown> {
  return {
    ...{ key, task_type: 'imgedit', instruction_language: 'en', original_instruction: 'prompt 1', max_turns: 5, turns },
    ...{ is_satisfied: false, final_turn: turns.length, final_output_path: '/data/x.png' },
    ...{ final_source_path: '/data/x_SRCIMG.png', all_turns_in_final: [] },
    ...meta,
  }
}

/** Writes a sample as the script does: its meta file, and beside it the source and a picture a turn, each of a colour of its own. */
export async function writeSample(root: string, folder: string, meta: ReturnType<typeof paperMeta>): Promise<void> {
  const stem = join(root, folder, String(meta.key))
  await mkdir(dirname(stem), { recursive: true })
  await writeFile(`${stem}_meta.json`, JSON.stringify(meta, null, 2))
  const names = ['_SRCIMG', ...(meta.turns as { turn_number: number }[]).map(turn => `_turn${turn.turn_number}`), '']
  for (const name of names) {
    await writeFile(`${stem}${name}.png`, await paintPicture(`${stem}${name}`, { width: 16, height: 12 }))
  }
}
