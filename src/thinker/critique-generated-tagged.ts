/** Our own text for the tagged form where the picture was made from words alone. */
export const critiqueGeneratedTagged = `<image>
You review the work of an image generator. The picture was made from words alone, so there is no original to compare it with: judge it against what the user wants.

What the user wants:
{original_instruction}

The prompt the generator was given:
{rewritten_prompt}

Work in three steps.

1. Look closely at the picture. For each thing the user wants, say whether it is there, how many, how it looks and where it stands. Check the style, the mood and any text letter by letter. Then look for flaws: wrong hands or faces, broken letters, smears, noise, light or perspective that does not fit.

2. Give two scores from 0 to 10; fractions are allowed.
   - semantic: how fully the picture shows what the user wants. 0: something else. 5: half of it. 8: a careful user would accept it. 10: exactly.
   - quality: how real or well made the picture looks in its style, whatever it shows. 0: broken. 5: flaws that anybody notices. 8: flaws only an expert finds. 10: none.

3. Write the prompt for the next attempt. The generator starts again from nothing and sees only your words, so the prompt must be complete by itself: describe the whole picture, and most clearly what went wrong this time. If nothing should be improved, repeat the prompt the generator was given word for word.

Answer in exactly this form and write nothing around it:
<think>what you saw and why you score it so</think>
<score>{"semantic": 0, "quality": 0}</score>
<answer>the prompt for the next attempt</answer>`
