import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { paperFolder, paperTaskType } from '../../benchmarks/paper-layout.ts'
import { type SamplePicture, toPaperSample } from '../../benchmarks/to-paper-sample.ts'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'
import { outlastServer } from '../outlast-server.ts'
import { writeAtomically } from '../write-atomically.ts'
import type { ItemName } from './read-item.ts'
import type { ResultImage, ResultJob, ResultRun } from './result-jobs.ts'

/** Where samples go, of which run, and which round is the result. */
export type SampleTarget = { folder: string; run: ResultRun; select: 'best' | 'last' }

/** What became of a sample; `isNew` false: it was there. */
export type WrittenSample = { isSatisfied: boolean; finalTurn: number; outputPath: string; isNew: boolean }

/**
 * Writes all files of a job that succeeded: its pictures below turn1, turn2 ... and final, its meta file last of all. Where
 * that is there, of the same job and with every picture, nothing is written. Throws CliError.
 */
export async function writeSample(
  api: ApiClient,
  { job, item }: { job: ResultJob; item: ItemName },
  { folder, run, select }: SampleTarget,
): Promise<WrittenSample> {
  const below = paperFolder(run.benchmark, item)
  if (below === null) throw new CliError(`"${item.taskType}" and "${item.key}" are no names of files.`)
  const sample = toPaperSample(toSampleJob(job), select)
  const pathOf = (part: string, ending: string) => join(folder, part, below, `${item.key}${ending}`)
  const selected = sample.pictures[sample.selected - 1] ?? 'source'
  const files: { path: string; picture: SamplePicture }[] = [
    ...sample.pictures.flatMap((picture, i) => [
      { path: pathOf(`turn${i + 1}`, '_SRCIMG.png'), picture: 'source' as const },
      { path: pathOf(`turn${i + 1}`, '.png'), picture },
      { path: pathOf('final', `_turn${i + 1}.png`), picture },
    ]),
    { path: pathOf('final', '_SRCIMG.png'), picture: 'source' },
    { path: pathOf('final', '.png'), picture: selected },
  ]
  const metaPath = pathOf('final', '_meta.json')
  const made = { job: job.id, job_run: job.run }
  const written = {
    ...{ isSatisfied: sample.isSatisfied, finalTurn: sample.turns.length, outputPath: pathOf('final', '.png') },
  }
  if ((await isMade(metaPath, made)) && (await areThere(files.map(({ path }) => path)))) {
    return { ...written, isNew: false }
  }
  const imageOf = new Map(job.rounds.map(({ id, image }) => [id, image]))
  const loaded = new Map<string, Promise<Buffer>>()
  for (const { path, picture } of files) {
    const image = picture === 'source' ? job.source : (imageOf.get(picture.roundId) ?? null)
    if (image === null) throw new CliError('A picture of it is gone.')
    const bytes = loaded.get(image.id) ?? loadPng(api, image)
    loaded.set(image.id, bytes)
    await writeAtomically(path, await bytes)
  }
  const madeTurns = sample.turns.filter(({ generated }) => generated).length
  const meta = {
    ...{ key: item.key, task_type: paperTaskType(run.benchmark, item), instruction_language: item.language },
    ...{ original_instruction: job.instruction, max_turns: sample.pictures.length },
    turns: sample.turns.map(turn => ({
      ...turn,
      output_path: pathOf(`turn${turn.turn_number}`, '.png'),
      source_path: pathOf(`turn${turn.turn_number}`, '_SRCIMG.png'),
    })),
    ...{ is_satisfied: sample.isSatisfied, final_turn: sample.turns.length },
    ...{ final_output_path: written.outputPath, final_source_path: pathOf('final', '_SRCIMG.png') },
    all_turns_in_final: sample.pictures.map((_, i) => ({
      ...{ turn: i + 1, path: pathOf('final', `_turn${i + 1}.png`) },
      ...(i >= madeTurns && { is_copy: true, copied_from: madeTurns === 0 ? 'source' : madeTurns }),
    })),
    pentimento: {
      ...{ run: run.label, fingerprint: run.fingerprint, ...made, select, selected_turn: sample.selected },
      ...{ editor: job.editor.id, thinker: job.thinker?.id ?? null, stop_reason: job.stopReason },
    },
  }
  await writeAtomically(metaPath, JSON.stringify(meta, null, 2))
  return { ...written, isNew: true }
}

function toSampleJob({ bestRound, settings, rounds, ...job }: ResultJob): Parameters<typeof toPaperSample>[0] {
  const unlimited = { patience: null, maxEditorSeconds: null, maxThinkerTokens: null, deadlineSeconds: null }
  return {
    ...job,
    bestRoundId: bestRound?.id ?? null,
    settings: { ...settings, stop: { ...unlimited, ...settings.stop } },
    rounds: rounds.map(({ image, editor, ...round }) => ({
      ...{ ...round, parentId: null, hasImage: image !== null, editor: editor.id },
      ...{ reasoning: round.critique?.reasoning ?? null, overall: round.critique?.overall ?? null },
    })),
  }
}

const Made = z.object({ pentimento: z.object({ job: z.string(), job_run: z.number() }) })

async function isMade(path: string, made: { job: string; job_run: number }): Promise<boolean> {
  try {
    const { pentimento } = Made.parse(JSON.parse(await readFile(path, 'utf8')))
    return pentimento.job === made.job && pentimento.job_run === made.job_run
  } catch {
    return false // it is not there, or not whole
  }
}

async function areThere(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(paths.map(path => stat(path).catch(() => null)))
  return found.every(file => file?.isFile())
}

const PNG = Buffer.from('89504e470d0a1a0a', 'hex')

async function loadPng(api: ApiClient, { sha256, contentType, url }: ResultImage): Promise<Buffer> {
  const bytes = await outlastServer(() => api.download(url))
  const isWhole =
    contentType === 'image/png'
      ? createHash('sha256').update(bytes).digest('hex') === sha256
      : bytes.subarray(0, PNG.length).equals(PNG)
  if (!isWhole) throw new CliError('A picture arrived damaged. The same command goes on from here.')
  return bytes
}
