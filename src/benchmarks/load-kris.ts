import { basename, join } from 'node:path'
import { z } from 'zod'
import type { BenchmarkItem } from './benchmark.ts'
import { type DataFolder, givenKey, givenText, openDataFolder, parseItem } from './data-folder.ts'
import { krisCategories } from './kris-categories.ts'

const pictureNames = z
  .union([givenText.transform(name => [name]), z.array(givenText).min(1, 'names no picture')])
  .refine(names => new Set(names).size === names.length, 'names a picture twice')

const annotationRule = z.object({
  ori_img: pictureNames,
  gt_img: z.string().nullish(),
  ins_en: givenText,
  explain_en: z.string().nullish(),
})
type Annotation = z.infer<typeof annotationRule>

const listedRule = z.object({
  id: givenKey,
  type: z.string().refine(type => krisCategories.includes(type), 'is no category of KRIS-Bench'),
  ori_img: pictureNames.optional(),
  ins_en: givenText.optional(),
})

type Entry = { key: string; category: string; annotation: Annotation }

/** Which it is in words, before its other facts are known. */
const nameOf = (category: string, key: string) => `${category}/en/${key}`

/**
 * KRIS-Bench: a folder for each category with annotation.json and pictures, in the folder itself or in KRIS_Bench within it.
 * Where final_data.json lies beside that, the items are those it lists, in its order. Of several pictures the first is the
 * source and the others are references; frames are in the order of their numbers. Facts: category, explanation, isMultiPicture, frame (of temporal_prediction: the
 * number of the one to make, 1-4). The judge's picture `groundTruth` is there where the item has one. Throws BenchmarkDataError.
 */
export async function loadKris(root: string): Promise<BenchmarkItem[]> {
  const folder = openDataFolder(root)
  const first = await findFirstAnnotation(folder)
  if (first === null) return folder.finish([])
  const base = join(first, '..', '..')
  const annotated = await readAnnotations(folder, base)
  const entries = (await chooseListed(folder, base, annotated)) ?? [...annotated.values()]
  return folder.finish(await Promise.all(entries.map(entry => toItem(folder, base, entry))))
}

async function findFirstAnnotation(folder: DataFolder): Promise<string | null> {
  const names = ['', 'KRIS_Bench/', 'Kris_Bench/KRIS_Bench/'].flatMap(parent =>
    krisCategories.map(category => `${parent}${category}/annotation.json`),
  )
  const found = await folder.tryFile(...names)
  if (found === null) {
    folder.note('KRIS_Bench', 'There is no annotation.json in a folder of a category, such as KRIS_Bench/color_change.')
  }
  return found
}

async function readAnnotations(folder: DataFolder, base: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  for (const category of krisCategories) {
    const path = await folder.tryFile(join(base, category, 'annotation.json'))
    // Which categories were downloaded is up to people; a folder without its list is a fault.
    if (path === null) {
      if (await folder.hasFolder(join(base, category))) folder.note(category, 'There is no annotation.json.')
      continue
    }
    const annotations = await folder.readJson(path, z.record(givenKey, z.unknown()))
    for (const [key, value] of Object.entries(annotations ?? {})) {
      const annotation = parseItem(folder, nameOf(category, key), value, annotationRule)
      if (annotation) entries.set(nameOf(category, key), { key, category, annotation })
    }
  }
  return entries
}

async function chooseListed(
  folder: DataFolder,
  base: string,
  annotated: ReadonlyMap<string, Entry>,
): Promise<Entry[] | null> {
  const path = await folder.tryFile(join(base, 'final_data.json'), join(base, '..', 'final_data.json'))
  const list = path === null ? null : await folder.readJson(path, listRule)
  if (list === null) return null
  return list.flatMap((value, at) => {
    const listed = parseItem(folder, `item ${at + 1} of ${basename(path ?? '')}`, value, listedRule)
    if (listed === null) return []
    const { id, type, ori_img, ins_en } = listed
    const entry = annotated.get(nameOf(type, id))
    if (entry === undefined) {
      folder.note(nameOf(type, id), 'final_data.json lists it and annotation.json does not.')
      return []
    }
    const given = { ...(ori_img && { ori_img }), ...(ins_en && { ins_en }) }
    return [{ ...entry, annotation: { ...entry.annotation, ...given } }]
  })
}

const listRule = z.union([
  z.array(z.unknown()),
  z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .transform(entries => Object.entries(entries).map(([id, entry]) => ({ id, ...entry }))),
])

async function toItem(
  folder: DataFolder,
  base: string,
  { key, category, annotation }: Entry,
): Promise<BenchmarkItem | null> {
  const [at, home] = [nameOf(category, key), join(base, category)]
  const isFrame = category === 'temporal_prediction'
  const names = isFrame ? inOrderOfFrames(annotation.ori_img) : annotation.ori_img
  const pictures = await Promise.all(names.map(name => folder.findPicture(at, name, home)))
  const truth = annotation.gt_img || null
  // Without it the judge cannot be asked.
  const isTruthMissing = truth === null && category === 'viewpoint_change'
  if (isTruthMissing) folder.note(at, 'gt_img: is missing.')
  const groundTruth = truth === null ? null : await folder.findPicture(at, truth, home)
  const frame = isFrame ? findMissingFrame(names) : null
  if (isFrame && frame === null) {
    folder.note(at, 'ori_img: must be three of the four frames, such as 7-1.jpg, 7-3.jpg, 7-4.jpg.')
  }
  const [source, ...references] = pictures.filter(picture => picture !== null)
  const isWhole = references.length + 1 === names.length && (truth === null || groundTruth !== null)
  if (!source || !isWhole || isTruthMissing || (isFrame && frame === null)) return null
  return {
    ...{ key, taskType: category, language: 'en', instruction: annotation.ins_en, source },
    references,
    pictures: groundTruth ? { groundTruth } : {},
    facts: {
      ...{ category, explanation: annotation.explain_en ?? '', isMultiPicture: names.length > 1 },
      ...(frame !== null && { frame }),
    },
  }
}

function inOrderOfFrames(names: readonly string[]): string[] {
  return names.toSorted((a, b) => Number(numberOf(a)) - Number(numberOf(b)))
}

/** By the number at the end of a frame's name. */
function numberOf(name: string): string | undefined {
  return /(\d)\.\w+$/.exec(name)?.[1]
}

/** Of the frames 1 to 4 the one that is not given; null where that is not just one. */
function findMissingFrame(names: readonly string[]): number | null {
  const given = new Set(names.map(numberOf))
  const missing = ['1', '2', '3', '4'].filter(frame => !given.has(frame))
  return missing.length === 1 && names.length === 3 ? Number(missing[0]) : null
}
