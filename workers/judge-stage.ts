import type { PictureFit } from '../src/images/fit-picture.ts'
import type { PictureForm } from '../src/images/picture-form.ts'
import { picturesOf } from '../src/judging/ask-round.ts'
import { recordJudgeAnswer } from '../src/judging/record-judge-answer.ts'
import { renderCall } from '../src/judging/render-call.ts'
import type { JudgePreparation } from '../src/judging/rubric.ts'
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
  const { question, source, edited, instruction, prompt, seed } = input
  if (!edited || (!source && input.kind !== 'GENERATE')) throw missingPicture()
  if (picturesOf(question).some(name => !input.pictures[name])) throw missingPicture()
  const { text, pictures: shown } = renderCall(question, input)
  const served = (image: typeof edited) => prepare(image, endpoint.model, signal)
  const form = toForm(question.preparation, source ?? edited, endpoint.model)
  const request = {
    text,
    pictures: await Promise.all(
      shown.map(async ({ image, label }) => ({ label, picture: await prepare(image, form, signal) })),
    ),
    ...{ instruction, prompt, seed, temperature: question.temperature, maxTokens: question.maxTokens },
    write: question.write,
    measured: async () => ({ source: source && (await served(source)), edited: await served(edited) }),
  }
  const { answer, seconds } = await callEngine(aborted => judge(request, aborted), {
    signal,
    deadlineMs: context.deadlineMs,
  })
  return { seconds, record: () => recordJudgeAnswer(db, task, { ...answer, endpointId: endpoint.id }) }
}

/** 75 is what the scripts' library takes where no quality is named. */
const usualQuality = 75

function toForm(
  preparation: JudgePreparation,
  { width, height }: { width: number; height: number },
  fit: PictureFit,
): PictureFit | PictureForm {
  switch (preparation) {
    case 'served':
      return fit
    case 'stored':
      return { form: 'stored' }
    case 'sourceSize':
      return { form: 'jpeg', quality: usualQuality, size: { width, height } }
    case 'within768':
      return { form: 'jpeg', quality: usualQuality, box: 768 }
    case 'jpeg':
      return { form: 'jpeg', quality: 85 }
    case 'under3MiB':
      return { form: 'under', base64Bytes: 3 * 1024 * 1024 }
  }
  preparation satisfies never
}
