import { z } from 'zod'
import { readModelJson, readScore, withoutThinking } from '../read-model-json.ts'
import type { JudgeQuestion, JudgeText, Rubric } from './rubric.ts'

const template = `You are the judge of an image editing contest. Somebody asked for an image in words. You see the picture they began with (where there was one) and the picture they got. Judge the result alone, strictly, and as if you had never seen another entry.

What was asked for:
{instruction}

Give two scores from 0 to 10; fractions are allowed. They are independent of each other: a beautiful picture of the wrong thing has a high quality and a low semantic score.
- "semantic": was everything that was asked for done, as strongly and in the place that was meant, and was all else left alone? 0: nothing of it, or another picture altogether. 4: the main point is missed, or much was changed that nobody mentioned. 7: done, with a slip that the person would remark on. 10: done to the letter, with the rest untouched.
- "quality": would it pass for a photograph (or a drawing, where it is one) that nobody has worked on? Look for melted shapes, wrong anatomy, garbled letters, seams, halos, noise, light and perspective that contradict each other. 0: broken. 4: flaws at first sight. 7: flaws at a second look. 10: none to be found.

First look, then write down what you saw, and only then settle on the numbers. Answer with one JSON object and nothing around it:
{"reasoning": "two to four sentences", "semantic": 0, "quality": 0}`

const score = z.unknown().transform((value, context) => {
  const read = readScore(value)
  if (read !== null) return read
  context.addIssue({ code: 'custom', message: 'is no score from 0 to 10' })
  return z.NEVER
})

const answerRule = z.object({ semantic: score, quality: score, reasoning: z.string().nullable().catch(null) })

const question: JudgeQuestion = {
  template,
  ...{ templateName: null, instructionMarks: [], fields: {} },
  ...{ preparation: 'served', temperature: null, maxTokens: null },
  images: [
    { of: 'source', label: 'The picture they began with:' },
    { of: 'references', label: 'A picture they gave along with their words:' },
    { of: 'edited', label: 'The picture they got:' },
  ],
  read: ({ text, isCut }: JudgeText) => answerRule.safeParse(readModelJson(withoutThinking(text), isCut)).data ?? null,
  write: measured => JSON.stringify(measured),
}

/** One question: how well the instruction was followed and how clean the picture is, 0 to 10 each. */
export const overallRubric: Rubric = {
  ...{ id: 'overall', benchmark: null, templates: {} },
  calls: [{ name: 'overall', ask: () => question }],
  toScores: ([answer]) => answerRule.parse(answer),
}
