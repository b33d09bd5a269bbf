import { maxAsks } from '../queue/task.ts'

// A judge's task counts its rubric's questions and their asks in one number, since a task is unique by it: question 1 has
// the calls 1 to 3, question 2 the calls 4 to 6.

/** The `call` of a task that puts a question (from 1) for the n-th time (from 1). */
export function toTaskCall(question: number, ask: number): number {
  return (question - 1) * maxAsks + ask
}

/** Which question a task puts, and for the how-manieth time. */
export function fromTaskCall(call: number): { question: number; ask: number } {
  return { question: Math.ceil(call / maxAsks), ask: ((call - 1) % maxAsks) + 1 }
}

/**
 * Of tasks that judge: below every job's, so that a judge run waits for its own tenant's loops. They are never boosted
 * either, because that would put them before everybody's.
 */
export const judgePriority = -1_000
