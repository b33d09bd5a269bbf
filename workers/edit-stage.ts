import { restoreSize } from '../src/images/fit-picture.ts'
import { storePicture } from '../src/images/store-image.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import { callEngine } from './call-engine.ts'
import type { Picture } from './engines/engine.ts'
import type { StageContext, StageResult } from './stage-context.ts'
import { missingEngine, missingPicture } from './stage-failure.ts'
import { makeTaskSubmission, SubmissionUncertainError } from './task-submission.ts'

/** One edit: the base picture and the references go to the editor; its answer is stored and becomes the round's image. */
export async function editStage(context: StageContext, signal: AbortSignal): Promise<StageResult> {
  const { input, endpoint, prepare } = context
  const { base, references, prompt, seed, editorParameters } = input
  const { model } = endpoint
  const { editor } = endpoint.engine
  if (!editor) throw missingEngine('editor')
  if (!base) throw missingPicture()
  const pictures = await Promise.all([base, ...references].map(image => prepare(image, model.maxPixels, signal)))
  const [source, ...rest] = pictures
  if (!source) throw missingPicture()
  const request = {
    prompt,
    source,
    mask: null,
    references: rest,
    size: null,
    seed,
    parameters: { ...defaultsOf(context), ...editorParameters },
  }
  const submission = makeTaskSubmission(context, signal)
  const mayNotSubmit = () => submission.isUncertain() && !input.resubmitUncertain
  if (mayNotSubmit()) throw new SubmissionUncertainError()
  const { answer, seconds } = await callEngine(aborted => editor.edit(request, aborted, submission), {
    signal,
    deadlineMs: context.deadlineMs,
  }).catch(error => {
    throw mayNotSubmit() ? new SubmissionUncertainError({ cause: error }) : error
  })
  // Stored once, however often the writing has to be repeated after an outage.
  let imageId: string | undefined
  const record = async () => {
    imageId ??= await storeAnswer(context, answer.picture)
    return recordEdit(context.db, context.task, { imageId, editorSeconds: seconds, endpointId: endpoint.id })
  }
  return { seconds, record }
}

// Of the fleet file's parameters only those with a value of their own are sent.
function defaultsOf({ endpoint: { model } }: StageContext): Record<string, unknown> {
  return Object.fromEntries(
    model.parameters.filter(({ default: value }) => value !== null).map(({ name, default: value }) => [name, value]),
  )
}

async function storeAnswer({ images, input, endpoint: { model } }: StageContext, { bytes }: Picture): Promise<string> {
  const picture = model.restoresSize && input.source ? await restoreSize(images, bytes, input.source) : bytes
  const { id } = await storePicture(images, input.tenantId, picture)
  return id
}
