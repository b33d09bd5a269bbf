import * as errors from '../src/errors.ts'
import * as feedbackErrors from '../src/feedback/errors.ts'
import * as imageErrors from '../src/images/errors.ts'
import * as judgingErrors from '../src/judging/errors.ts'
import { builder } from './builder.ts'
import { JobStatus, ReviewStatus } from './enums.ts'

/** What every expected failure implements. */
export const ErrorInterface = builder.interfaceRef<errors.DomainError>('Error').implement({
  description: "An expected failure, as a member of a mutation's result.",
  fields: t => ({
    code: t.exposeString('code', { description: 'Stable name of the failure, such as `QUOTA_EXCEEDED`.' }),
    message: t.exposeString('message', { description: 'A sentence for people: what is wrong, and the way out.' }),
  }),
})

const interfaces = [ErrorInterface]
const field = 'Path of the value in the input, such as `settings.maxRounds`.'

builder.objectType(errors.InvalidInputError, {
  name: 'InvalidInputError',
  description: 'A value breaks a rule; the message names the limit. Nothing was stored.',
  interfaces,
  fields: t => ({ field: t.exposeString('field', { description: field }) }),
})

builder.objectType(errors.NotFoundError, {
  name: 'NotFoundError',
  description: 'There is no such object, or it belongs to another tenant.',
  interfaces,
  fields: t => ({
    field: t.exposeString('field', { description: 'Path of the id in the input, such as `sourceId`.' }),
  }),
})

builder.objectType(errors.ForbiddenError, {
  name: 'ForbiddenError',
  description: "The caller's role does not reach that far.",
  interfaces,
})

builder.objectType(errors.QuotaExceededError, {
  name: 'QuotaExceededError',
  description: 'The tenant has used up one of its quotas.',
  interfaces,
  fields: t => ({
    limit: t.exposeFloat('limit', { description: 'The quota: jobs, or bytes.' }),
    resetsAt: t.expose('resetsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is free again; null where waiting does not help.',
    }),
  }),
})

builder.objectType(errors.IdempotencyConflictError, {
  name: 'IdempotencyConflictError',
  description: 'The idempotency key was already used with another input.',
  interfaces,
  fields: t => ({ idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key that was sent.' }) }),
})

builder.objectType(errors.ModelUnavailableError, {
  name: 'ModelUnavailableError',
  description:
    'No such model is known, or none was named and none is registered. A known model without a server queues.',
  interfaces,
  fields: t => ({
    model: t.exposeString('model', {
      nullable: true,
      description: 'The model id that was asked for; null: none was named.',
    }),
  }),
})

builder.objectType(errors.JobFinishedError, {
  name: 'JobFinishedError',
  description: 'The job has already ended, so it cannot be canceled.',
  interfaces,
  fields: t => ({
    status: t.field({ type: JobStatus, description: 'How it ended.', resolve: error => error.status }),
  }),
})

builder.objectType(errors.JobNotFailedError, {
  name: 'JobNotFailedError',
  description: 'Only a FAILED job can be retried.',
  interfaces,
  fields: t => ({
    status: t.field({ type: JobStatus, description: 'What it is.', resolve: error => error.status }),
  }),
})

builder.objectType(errors.JobActiveError, {
  name: 'JobActiveError',
  description: 'The job has not ended, so it cannot be deleted; cancel it first.',
  interfaces,
  fields: t => ({
    status: t.field({ type: JobStatus, description: 'What it is.', resolve: error => error.status }),
  }),
})

builder.objectType(feedbackErrors.ReviewEndedError, {
  name: 'ReviewEndedError',
  description: 'The review was answered or skipped before; nothing was stored.',
  interfaces,
  fields: t => ({
    status: t.field({ type: ReviewStatus, description: 'How it ended.', resolve: error => error.status }),
  }),
})

builder.objectType(feedbackErrors.ReviewTakenError, {
  name: 'ReviewTakenError',
  description: 'The claim ran out and others have taken the item since; nothing was stored.',
  interfaces,
  fields: t => ({
    claimedUntil: t.expose('claimedUntil', { type: 'DateTime', description: 'When the claim ran out.' }),
  }),
})

builder.objectType(judgingErrors.JudgeRunFinishedError, {
  name: 'JudgeRunFinishedError',
  description: 'The judge run is done, so it cannot be canceled.',
  interfaces,
})

builder.objectType(errors.ImageInUseError, {
  name: 'ImageInUseError',
  description: 'A job or an export needs this image; delete that first.',
  interfaces,
})

builder.objectType(imageErrors.ImageTooLargeError, {
  name: 'ImageTooLargeError',
  description: 'More bytes than allowed; refused while they were arriving.',
  interfaces,
  fields: t => ({
    field: t.exposeString('field', { description: field }),
    maxBytes: t.exposeFloat('maxBytes', { description: 'The limit in bytes.' }),
  }),
})

builder.objectType(imageErrors.ImageTooManyPixelsError, {
  name: 'ImageTooManyPixelsError',
  description: 'More pixels than allowed once decoded.',
  interfaces,
  fields: t => ({
    field: t.exposeString('field', { description: field }),
    maxPixels: t.exposeFloat('maxPixels', { description: 'The limit: width times height.' }),
    width: t.exposeInt('width', { description: 'Its width in pixels.' }),
    height: t.exposeInt('height', { description: 'Its height in pixels.' }),
  }),
})

builder.objectType(imageErrors.ImageTooManyFramesError, {
  name: 'ImageTooManyFramesError',
  description: 'More frames or pages than allowed, though only the first would be used.',
  interfaces,
  fields: t => ({
    field: t.exposeString('field', { description: field }),
    maxFrames: t.exposeInt('maxFrames', { description: 'The limit.' }),
  }),
})

builder.objectType(imageErrors.ImageTooSlowError, {
  name: 'ImageTooSlowError',
  description: 'Decoding took longer than allowed.',
  interfaces,
  fields: t => ({
    field: t.exposeString('field', { description: field }),
    maxSeconds: t.exposeFloat('maxSeconds', { description: 'The limit in seconds.' }),
  }),
})

builder.objectType(imageErrors.UnsupportedImageError, {
  name: 'UnsupportedImageError',
  description: 'The content is none of PNG, JPEG, WebP, GIF, TIFF, BMP. The content decides, not the name.',
  interfaces,
  fields: t => ({
    field: t.exposeString('field', { description: field }),
    contentType: t.exposeString('contentType', {
      nullable: true,
      description: 'What the content was taken for; null where nothing fits.',
    }),
  }),
})

builder.objectType(imageErrors.CorruptImageError, {
  name: 'CorruptImageError',
  description: 'The content begins like an image but cannot be decoded to its end.',
  interfaces,
  fields: t => ({
    field: t.exposeString('field', { description: field }),
    contentType: t.exposeString('contentType', { description: 'What it begins like.' }),
  }),
})

builder.objectType(imageErrors.EmptyUploadError, {
  name: 'EmptyUploadError',
  description: 'The upload has no bytes.',
  interfaces,
  fields: t => ({ field: t.exposeString('field', { description: field }) }),
})

builder.objectType(imageErrors.UploadAbortedError, {
  name: 'UploadAbortedError',
  description: 'The upload broke off before its end.',
  interfaces,
  fields: t => ({ field: t.exposeString('field', { description: field }) }),
})

builder.objectType(imageErrors.UploadMissingError, {
  name: 'UploadMissingError',
  description: "Nothing was PUT to the upload's link yet.",
  interfaces,
  fields: t => ({ field: t.exposeString('field', { description: field }) }),
})

builder.objectType(imageErrors.UploadMismatchError, {
  name: 'UploadMismatchError',
  description: 'What arrived is not what createUpload announced; the link may be used again.',
  interfaces,
  fields: t => ({
    field: t.exposeString('field', { description: 'What differs: `byteSize`, `contentType` or `sha256`.' }),
  }),
})
