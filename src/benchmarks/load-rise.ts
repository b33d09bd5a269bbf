import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { BenchmarkItem } from './benchmark.ts'
import { type DataFolder, givenKey, givenText, openDataFolder, parseItem } from './data-folder.ts'
import { riseCategories } from './rise-categories.ts'

const lists = ['datav2_total_w_subtask.json', 'data_total.json', 'data/datav2_total_w_subtask.json']

const text = givenText.nullish()
const itemRule = z
  .object({
    index: givenKey,
    category: z.enum(riseCategories),
    subtask: text,
    instruction: givenText,
    image: givenText,
    reference: text,
    reference_img: text,
    reference_txt: text,
    reasoning_img: z.unknown().optional(),
    reasoning_wo_ins: z.unknown().optional(),
    consistency_free: z.unknown().optional(),
    judge: z.record(z.string(), z.string()).nullish(),
  })
  .superRefine((item, context) => {
    // What the judge is told has to be there.
    const isLogical = item.category === 'logical_reasoning'
    const needed = isLogical ? ['reference_txt', 'reference_img'] : ['reference']
    const allowed = [...needed, ...(item.category === 'spatial_reasoning' ? ['reference_img'] : [])]
    if (allowed.some(field => item[field as keyof typeof item] != null)) return
    context.addIssue({ code: 'custom', path: [allowed[0] ?? ''], message: `is missing${orElse(allowed)}` })
  })

const orElse = ([, other]: readonly string[]) => (other === undefined ? '' : `, and so is ${other}`)

type RiseEntry = z.infer<typeof itemRule>

/**
 * RISEBench: a list of items beside a folder `data` with their pictures. Facts: category, subtask, reference, referenceText,
 * isReasoningWithInput, isWithoutQuestion, consistencyFree (as given; null: the item does not say), answers (those that the
 * item brings along). The judge's picture `reference` is there where the item has one. Throws BenchmarkDataError.
 */
export async function loadRise(root: string): Promise<BenchmarkItem[]> {
  const folder = openDataFolder(root)
  const list = await folder.findFile(...lists)
  const entries = list === null ? null : await folder.readJson(list, entriesRule)
  if (list === null || entries === null) return folder.finish([])
  const pictures = [join(dirname(list), 'data'), dirname(list), root]
  return folder.finish(
    await Promise.all(entries.map((value, at) => toItem(folder, { value, at: nameOf(value, at) }, pictures))),
  )
}

const entriesRule = z.union([
  z.array(z.unknown()),
  z.record(givenKey, z.record(z.string(), z.unknown())).transform(byKey),
])

/** Items by key, which is their index where they do not say it. */
function byKey(entries: Record<string, Record<string, unknown>>): unknown[] {
  return Object.entries(entries).map(([index, entry]) => ({ index, ...entry }))
}

const indexed = z.object({ index: givenKey })

function nameOf(value: unknown, at: number): string {
  return indexed.safeParse(value).data?.index ?? `item ${at + 1} of the list`
}

async function toItem(
  folder: DataFolder,
  { value, at }: { value: unknown; at: string },
  pictures: readonly string[],
): Promise<BenchmarkItem | null> {
  const item = parseItem(folder, at, value, itemRule)
  if (item === null) return null
  const source = await folder.findPicture(at, item.image, ...pictures)
  const reference = item.reference_img ? await folder.findPicture(at, item.reference_img, ...pictures) : null
  if (item.reference_img && reference === null) return null
  return (
    source && {
      ...{ key: item.index, taskType: item.category, language: 'en', instruction: item.instruction },
      ...{ source, references: [], pictures: reference ? { reference } : {}, facts: toFacts(item) },
    }
  )
}

function toFacts(item: RiseEntry): BenchmarkItem['facts'] {
  return {
    category: item.category,
    subtask: item.subtask ?? null,
    reference: item.reference ?? null,
    referenceText: item.reference_txt ?? null,
    isReasoningWithInput: item.reasoning_img != null,
    isWithoutQuestion: item.reasoning_wo_ins != null,
    consistencyFree: item.consistency_free == null ? null : Boolean(item.consistency_free),
    answers: item.judge ?? {},
  }
}
