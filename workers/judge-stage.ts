import { rubricOf } from '../src/judging/judge-run-row.ts'
import { fromTaskCall } from '../src/judging/judge-task.ts'
import { recordJudgeAnswer } from '../src/judging/record-judge-answer.ts'
import { renderCall } from '../src/judging/render-call.ts'
import type { JudgeInput } from '../src/judging/start-judge-task.ts'
import { callEngine } from './call-engine.ts'
import { EngineError } from './engines/engine.ts'
import type { StageContext, StageResult } from './stage-context.ts'
import { missingEngine, missingPicture } from './stage-failure.ts'

/** One question of a judge run: the rubric's text and pictures go to the judge, whose words are kept as they are. */
export async function judgeStage(context: StageContext<JudgeInput>, signal: AbortSignal): Promise<StageResult> {
  signal.throwIfAborted()
  const { db, task, input, endpoint, prepare } = context
  const { thinker } = endpoint.engine
  if (!thinker) throw missingEngine('thinker')
  const { judge } = thinker
  if (!judge) throw new EngineError('rejected', 'JUDGE_UNSUPPORTED', 'This model cannot be a judge.')
  if (!input.edited || (!input.source && input.kind !== 'GENERATE')) throw missingPicture()
  const call = rubricOf(input).calls[fromTaskCall(task.call).question - 1]
  if (!call) throw new Error(`The rubric "${input.rubric}" has no such question.`)
  const { text, pictures: shown } = renderCall(call, input)
  const pictures = await Promise.all(
    shown.map(async ({ image, ...rest }) => ({ ...rest, picture: await prepare(image, endpoint.model, signal) })),
  )
  const { instruction, prompt, seed } = input
  const request = { text, pictures, instruction, prompt, seed, write: call.write }
  const { answer, seconds } = await callEngine(aborted => judge(request, aborted), {
    signal,
    deadlineMs: context.deadlineMs,
  })
  return { seconds, record: () => recordJudgeAnswer(db, task, { ...answer, endpointId: endpoint.id }) }
}
