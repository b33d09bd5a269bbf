import { builder } from '../builder.ts'
import { upwardComplexity } from '../complexity.ts'
import { CritiqueSource } from '../enums.ts'

export const Critique = builder.prismaNode('Critique', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, round: { job: { tenantId: context.caller.tenantId } } }),
  description: 'A judgement of one round. Never changed once written.',
  fields: t => ({
    round: t.relation('round', { description: 'What was judged.', complexity: upwardComplexity }),
    source: t.expose('source', { type: CritiqueSource, description: 'Who judged.' }),
    by: t.exposeString('by', {
      description: 'The model id, or the person: the reviewer that was named, else the name of the key.',
    }),
    semantic: t.exposeFloat('semantic', {
      nullable: true,
      description: '0 to 10: was the instruction followed and the rest preserved.',
    }),
    quality: t.exposeFloat('quality', { nullable: true, description: '0 to 10: naturalness, freedom from artefacts.' }),
    overall: t.exposeFloat('overall', {
      nullable: true,
      description: '0 to 10: the square root of semantic times quality; null unless both are given.',
    }),
    isSatisfied: t.exposeBoolean('isSatisfied', {
      nullable: true,
      description: "The critic's own verdict; null: gave none. Not the job's rule: that is `Round.isSatisfied`.",
    }),
    errorCode: t.exposeString('errorCode', {
      nullable: true,
      description: 'Set where no verdict could be read after all asks; the scores are null then.',
    }),
    reasoning: t.exposeString('reasoning', { nullable: true, description: 'Why, in the words of the critic.' }),
    refinedPrompt: t.exposeString('refinedPrompt', {
      nullable: true,
      description: 'What the next round should ask the editor for; null: nothing to change.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was written.' }),
  }),
})
