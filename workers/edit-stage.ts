import { fitMask } from '../src/images/fit-mask.ts'
import { restoreSize, sizeWithin } from '../src/images/fit-picture.ts'
import { loadPicture } from '../src/images/load-picture.ts'
import { storePicture } from '../src/images/store-image.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import { callEngine } from './call-engine.ts'
import { type EditRequest, EngineError, type Picture } from './engines/engine.ts'
import type { StageContext, StageResult } from './stage-context.ts'
import { missingEngine, missingPicture } from './stage-failure.ts'
import { makeTaskSubmission, SubmissionUncertainError } from './task-submission.ts'

/**
 * One edit: the base picture, its mask and the references go to the editor; its answer is stored and becomes the round's
 * image. A GENERATE job's picture is made from the prompt alone, unless it goes on from an earlier round.
 */
export async function editStage(context: StageContext, signal: AbortSignal): Promise<StageResult> {
  const { input, endpoint } = context
  const { editor } = endpoint.engine
  if (!editor) throw missingEngine('editor')
  const request = await toRequest(context, signal)
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
    return recordEdit(
      context.db,
      context.task,
      { imageId, editorSeconds: seconds, endpointId: endpoint.id },
      input.seen,
    )
  }
  return { seconds, record }
}

async function toRequest(context: StageContext, signal: AbortSignal): Promise<EditRequest> {
  const { input, endpoint, prepare } = context
  const { kind, base, references, prompt, seed, editorParameters } = input
  const { model } = endpoint
  if (!base && kind !== 'GENERATE') throw missingPicture()
  const [source, mask, ...rest] = await Promise.all([
    base && prepare(base, model, signal),
    toMask(context, signal),
    ...references.map(image => prepare(image, model, signal)),
  ])
  return {
    prompt,
    source,
    mask,
    references: rest,
    // A picture that is edited further has a size.
    size: base || !input.size ? null : sizeWithin(input.size, model),
    seed,
    parameters: { ...defaultsOf(context), ...editorParameters },
  }
}

// In the size in which the picture that it lies on is sent.
async function toMask({ images, input, endpoint }: StageContext, signal: AbortSignal): Promise<Picture | null> {
  const { kind, mask, base } = input
  if (kind !== 'FILL') return null
  if (!mask || !base) throw missingPicture()
  const bytes = await fitMask(images, await loadPicture(images, mask, signal), sizeWithin(base, endpoint.model))
  if (bytes) return { bytes, contentType: 'image/png' }
  throw new EngineError('rejected', 'MASK_EMPTY', 'The mask is black all over, so there is nothing to fill.')
}

// Of the fleet file's parameters only those with a value of their own are sent.
function defaultsOf({ endpoint: { model } }: StageContext): Record<string, unknown> {
  return Object.fromEntries(
    model.parameters.filter(({ default: value }) => value !== null).map(({ name, default: value }) => [name, value]),
  )
}

async function storeAnswer({ images, input, endpoint: { model } }: StageContext, { bytes }: Picture): Promise<string> {
  const { source: size, tenantId } = input
  const picture = model.restoresSize && size ? await restoreSize(images, bytes, { size, fit: model }) : bytes
  const { id } = await storePicture(images, tenantId, picture)
  return id
}
