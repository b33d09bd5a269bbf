const score = (
  from: number,
  to: number,
) => `First say in two or three sentences what you saw. End with this line, with a whole number from ${from} to ${to}:
**Final Score:** **n**`

const keptScale = `5: nothing differs but what had to. 4: one small thing. 3: several small things or a plain one. 2: much was changed for no reason. 1: another picture.`

const rightScale = `5: exactly what should be there. 4: right, with a detail off. 3: half right. 2: an attempt with the wrong result. 1: wrong, or nothing happened.`

const soundScale = `5: no flaw. 4: a flaw at second look. 3: flaws at first sight. 2: badly damaged. 1: ruined.`

const plausibility = `You judge one picture that an image model has made, as a picture alone. Is it sound and possible: shapes whole, anatomy right, light, shadow and perspective in agreement, no smears, seams or noise?
${soundScale}

${score(1, 5)}`

const alike = `1: they agree in style, lines, colours, lettering and layout, and differ only in the solution. 0: something else was changed, added or redrawn.`

const solved = `1: the answer is right and can be read without doubt. 0: it is wrong, incomplete, unclear or not there.`

/** Our own texts for RISEBench, by the name of the file that replaces each. */
export const riseTemplates = {
  consistency: `The first picture was to be changed by an order that takes reasoning, the second is what came back. The order:
{instruction}

Is everything kept that the order, and what follows from it, leaves alone: scene, style, things, people, place? Whether the result is right is not your question here.
${keptScale}

${score(1, 5)}`,

  reasoning: `A picture was to be changed by an order that takes reasoning. You see what came back. The order:
{instruction}

What should be seen:
{reference}

Does the picture show that? Only this counts, not its beauty.
${rightScale}

${score(1, 5)}`,

  'reasoning-with-input': `The first picture was to be changed by an order that takes reasoning, the second is what came back. The order:
{instruction}

What should be seen:
{reference}

Does the second picture, compared with the first, show that? Only this counts, not its beauty.
${rightScale}

${score(1, 5)}`,

  plausibility,

  'consistency-spatial': `The first picture shows the things an order is about, the second is what came back. The order:
{instruction}

Are the things themselves the same in both, in number, shape, colour, material and style? That they stand elsewhere or are seen from elsewhere is meant.
${keptScale}

${score(1, 5)}`,

  'reasoning-spatial': `Things in a picture were to be arranged, put together or seen from elsewhere. You see what came back. The order:
{instruction}

What should be seen:
{reference}

Is everything in the right place, order, direction and contact?
${rightScale}

${score(1, 5)}`,

  'reasoning-spatial-with-input': `Things in the first picture were to be arranged, put together or seen from elsewhere. The second is what came back. The order:
{instruction}

What should be seen:
{reference}

Is everything in the second picture in the right place, order, direction and contact?
${rightScale}

${score(1, 5)}`,

  'reasoning-spatial-image': `The first picture shows the right answer to an order about space, the second is what an image model made of it. The order:
{instruction}

Is everything in the second picture in the place, order, direction and contact that the first one shows? Small differences of style do not matter.
${rightScale}

${score(1, 5)}`,

  'plausibility-spatial': `You judge one picture that an image model has made, as a picture alone. Is it sound: edges and joints clean, nothing floating, cut through or doubled, surfaces and shadows in agreement?
${soundScale}

${score(1, 5)}`,

  'consistency-logical-text': `The first picture poses a problem, the second is the same picture with a solution, as an image model made it. The problem:
{instruction}

The right answer: {reference}

Is the second picture, but for the solution, the first one?
${alike}

${score(0, 1)}`,

  'consistency-logical-image': `The first picture shows the right solution to a problem, the second what an image model made. The problem:
{instruction}

Are both, whatever their solution, the same picture?
${alike}

${score(0, 1)}`,

  'reasoning-logical-text': `You see a picture in which an image model has solved a problem. The problem:
{instruction}

The right answer: {reference}

Is the solution right?
${solved}

${score(0, 1)}`,

  'reasoning-logical-image': `The first picture shows the right solution to a problem, the second one by an image model. The problem:
{instruction}

Is the second solution the same as the first?
${solved}

${score(0, 1)}`,

  'reasoning-logical-image-without-question': `The first picture shows how something should look, the second what an image model made. Do both show the same solution?
${solved}

${score(0, 1)}`,
}
