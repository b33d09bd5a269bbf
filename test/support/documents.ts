/** `...JobFields`: everything that can be read of a job and below it, without going back up. */
export const everyJobField = `
  fragment ImageFields on Image { id width height contentType byteSize sha256 url createdAt }
  fragment ModelFields on Model {
    id kinds parameters { name type default min max description } isAvailable capacity inFlight queued
  }
  fragment CritiqueFields on Critique {
    id source by semantic quality overall isSatisfied errorCode reasoning refinedPrompt createdAt
  }
  fragment RoundFields on Round {
    id index candidate status prompt promptSource seed isSatisfied isBest editorSeconds startedAt editedAt
    editor { id } error { code message isRetryable } image { ...ImageFields } parent { id }
    critique { ...CritiqueFields } critiques { ...CritiqueFields }
  }
  fragment JobFields on Job {
    id kind status stopReason instruction source { ...ImageFields } mask { ...ImageFields } size { width height } references { id }
    editor { ...ModelFields } thinker { ...ModelFields }
    settings {
      firstRound maxRounds candidates editFrom select critique fallbackEditors resubmitUncertain seed editorParameters
      stop { semanticAtLeast qualityAtLeast patience maxEditorSeconds maxThinkerTokens deadlineSeconds }
    }
    rounds { ...RoundFields } bestRound { ...RoundFields } result { ...ImageFields }
    error { code message isRetryable } cancelRequestedAt priority batch tags metadata forkedFrom { id } run
    queuePosition lastEventSeq editorSeconds thinkerTokens createdAt startedAt finishedAt
  }`

/** The fields of what a job that is started, whatever its kind, may be refused with. */
export const refusedFields = `
  __typename
  ... on Error { code message } ... on InvalidInputError { field } ... on NotFoundError { field }
  ... on ModelUnavailableError { model } ... on QuotaExceededError { limit }`
