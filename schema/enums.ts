import { builder } from './builder.ts'

// Values are Prisma's, so a row's value needs no translation.

export const Role = builder.enumType('Role', {
  description: 'What a key may do. Each includes the ones before it.',
  values: {
    READ: { description: "Read the tenant's jobs, images and events." },
    WRITE: { description: 'Upload, start, cancel, retry, fork, criticise and delete.' },
    ADMIN: { description: "Manage the tenant's keys." },
    OPERATOR: { description: 'See endpoint URLs and hosts, manage all tenants and their keys.' },
  } as const,
})

export const JobKind = builder.enumType('JobKind', {
  description: 'What a job makes.',
  values: {
    EDIT: { description: 'Edits a source image.' },
    GENERATE: { description: 'Makes an image from the instruction alone.' },
    FILL: { description: 'Repaints what a mask marks in a source image.' },
  } as const,
})

export const JobStatus = builder.enumType('JobStatus', {
  description: 'Where a job stands. SUCCEEDED, FAILED and CANCELED end a run; a retry goes on from FAILED.',
  values: {
    QUEUED: { description: 'Waits for its first stage.' },
    RUNNING: { description: 'A stage has started.' },
    SUCCEEDED: { description: 'Ended with a result; `stopReason` says why it stopped.' },
    FAILED: { description: 'Ended by an error; what was made stays. `retryJob` goes on from it.' },
    CANCELED: { description: 'Ended by the user; what was made stays.' },
  } as const,
})

export const TrajectoryStatus = builder.enumType('TrajectoryStatus', {
  description: 'How a run ended: the values of JobStatus that end one.',
  values: {
    SUCCEEDED: { description: 'With a result; `stopReason` says why it stopped.' },
    FAILED: { description: 'By an error.' },
    CANCELED: { description: 'By the user.' },
  } as const,
})

export const StopReason = builder.enumType('StopReason', {
  description: 'Why a run ended. More than one true: the first in this order.',
  values: {
    SATISFIED: { description: "A round satisfies the job's stop rule." },
    NO_REFINEMENT: { description: 'The thinker had nothing to change, though the scores are below the rule.' },
    PATIENCE: { description: 'No gain in the best score for `patience` rounds.' },
    BUDGET: { description: 'The editor-seconds or thinker tokens are used up.' },
    DEADLINE: { description: '`deadlineSeconds` have passed.' },
    MAX_ROUNDS: { description: '`maxRounds` rounds were made.' },
    CANCELED: { description: 'The user canceled it.' },
    FAILED: { description: 'Every candidate of a round failed.' },
  } as const,
})

export const RoundStatus = builder.enumType('RoundStatus', {
  description: 'Where a round stands.',
  values: {
    PENDING: { description: 'No image yet.' },
    EDITED: { description: 'Has its image, no critique yet.' },
    CRITIQUED: { description: 'Has its image and the critique.' },
    FAILED: { description: 'Its edit failed for good; see `error`.' },
    CANCELED: { description: 'The run ended before it was done.' },
  } as const,
})

export const PromptSource = builder.enumType('PromptSource', {
  description: "Where a round's prompt came from.",
  values: {
    INSTRUCTION: { description: "The user's instruction as it is." },
    POLISHED: { description: 'The instruction rewritten by the thinker before the first edit.' },
    REFINED: { description: 'The refined prompt of the critique before.' },
    USER: { description: 'Given with a fork.' },
  } as const,
})

export const CritiqueSource = builder.enumType('CritiqueSource', {
  description: 'Who judged.',
  values: {
    THINKER: { description: 'The model that drives the loop; one a round.' },
    JUDGE: { description: 'A model of an evaluation.' },
    HUMAN: { description: 'A person, through `addCritique` or a review.' },
  } as const,
})

export const ReviewStatus = builder.enumType('ReviewStatus', {
  description: 'Where a review stands.',
  values: {
    CLAIMED: { description: 'The reviewer holds the item, until `claimedUntil`.' },
    DONE: { description: 'Answered.' },
    SKIPPED: { description: 'Left to others.' },
  } as const,
})

export const Stage = builder.enumType('Stage', {
  description: 'One step of work on a job.',
  values: {
    POLISH: { description: 'The thinker rewrites the instruction.' },
    EDIT: { description: 'The editor makes an image.' },
    THINK: { description: 'The thinker judges an image.' },
    JUDGE: { description: 'A judge scores an image for an evaluation.' },
  } as const,
})

export const ModelKind = builder.enumType('ModelKind', {
  description: 'What a model can do.',
  values: {
    EDITOR: { description: 'Edits an image by a prompt.' },
    GENERATOR: { description: 'Makes an image from a prompt.' },
    FILLER: { description: 'Repaints a masked part.' },
    THINKER: { description: 'Looks at images and judges them.' },
  } as const,
})

export const EndpointHealth = builder.enumType('EndpointHealth', {
  description: 'Whether a model server answers.',
  values: {
    HEALTHY: {
      description:
        'Its last check or call succeeded. With five `failures` it gets one call at a time, until one succeeds.',
    },
    UNHEALTHY: { description: 'It fails; no more work is sent until it answers again.' },
    UNKNOWN: { description: 'Not checked yet, or not since it failed: where it cannot be, its next call tells.' },
  } as const,
})

export const ImageFormat = builder.enumType('ImageFormat', {
  description: 'The encoding of a variant.',
  values: {
    PNG: { description: 'Lossless.' },
    JPEG: { description: 'Lossy, without transparency.' },
    WEBP: { description: 'Lossy, smaller than JPEG.' },
    AVIF: { description: 'Lossy, the smallest; slow to make.' },
  } as const,
})

export const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end comes first.',
  values: { ASC: { description: 'Oldest first.' }, DESC: { description: 'Newest first.' } } as const,
})

export const FirstRound = builder.enumType('FirstRound', {
  description: 'How a job begins.',
  values: {
    DIRECT: { description: 'Round 1 gets the instruction as it is.' },
    POLISH: { description: 'The thinker rewrites the instruction for round 1.' },
    EVALUATE: {
      description:
        'The thinker judges the untouched source first (round 0); satisfied there: it is the result. Not for GENERATE, which has none.',
    },
  } as const,
})

export const EditFrom = builder.enumType('EditFrom', {
  description: 'What each round edits.',
  values: {
    SOURCE: { description: 'Always the source image; a GENERATE job makes each picture anew.' },
    PREVIOUS: { description: 'The image that went on from the round before.' },
    BEST: { description: 'The best image so far.' },
  } as const,
})

export const Selection = builder.enumType('Selection', {
  description: "Which round's image is the result.",
  values: { BEST: { description: 'The best by overall score.' }, LAST: { description: 'The last one made.' } } as const,
})
