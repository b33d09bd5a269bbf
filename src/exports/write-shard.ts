import type { Lease } from '../background-work.ts'
import type { SamplePicture } from '../datasets/sample.ts'
import { imageUrl } from '../images/image-link.ts'
import { loadPicture } from '../images/load-picture.ts'
import type { StoredType } from '../images/normalize-image.ts'
import { ObjectNotFoundError } from '../storage/storage.ts'
import { ExportFailedError } from './errors.ts'
import type { ExportDeps } from './export-deps.ts'
import type { ExportContext, ExportFormat, ExportItem } from './export-format.ts'
import { kindOfRecipe } from './export-row.ts'
import { type ExportRun, saveProgress, type Tally, whileOwner } from './export-run.ts'
import type { ItemQueue } from './item-queue.ts'
import { keepFile } from './keep-file.ts'
import { openSpool } from './open-spool.ts'
import { outlastStorage } from './outlast-storage.ts'
import { picturePath } from './picture-path.ts'
import { picturesOfLine } from './pictures-of-line.ts'
import { type PlacedPicture, placePictures } from './place-pictures.ts'

type ShardInput = { run: ExportRun; format: ExportFormat; tally: Tally; items: ItemQueue; lease: Lease }

const PICTURES_A_STEP = 500
const PROGRESS_MS = 1_000

/**
 * Writes the next file of a split, from samples until one of its limits is reached, and gives where the split is then. What
 * it needs is kept in the same transaction as the file: a process that dies anywhere in it repeats the file, with the same
 * bytes. Throws ExportFailedError and ExportGoneError.
 */
export async function writeShard(deps: ExportDeps, { run, format, tally, items, lease }: ShardInput): Promise<Tally> {
  const { db } = deps
  const { signal } = lease
  const target = { exportId: run.id, tenantId: run.tenantId }
  const others = run.splits.filter(({ split }) => split !== tally.split)
  const before = others.reduce((sum, { samples, leftOut }) => sum + samples + leftOut, 0)
  const samplesAt = (made: Tally) => before + made.samples + made.leftOut
  const made = { ...tally }
  const spool = await openSpool(deps.directory)
  const { context, addLine, takePictures, countPictures } = makeContext(deps, { run, split: tally.split, signal })
  let savedAt = Date.now()

  async function save(): Promise<void> {
    savedAt = Date.now()
    const pictures = takePictures()
    await whileOwner(db, lease, async tx => {
      const addedBytes = await placePictures(tx, target, pictures)
      await saveProgress(tx, run.id, { samples: samplesAt(made), addedBytes, run: null })
    })
  }

  try {
    const writer = await format.open(spool, context)
    const limits = {
      samples: run.options.shardSize ?? format.limits?.samples ?? Number.POSITIVE_INFINITY,
      bytes: format.limits?.bytes ?? Number.POSITIVE_INFINITY,
    }
    let written = 0
    for (let item = await items.peek(); item; item = await items.peek()) {
      signal.throwIfAborted()
      items.shift()
      made.next = item.position + 1
      if (isWanted(item, run) && (await writer.add(item))) {
        made.samples++
        written++
        if ('line' in item) addLine(item.line)
      } else made.leftOut++
      if (countPictures() >= PICTURES_A_STEP || Date.now() - savedAt > PROGRESS_MS) await save()
      if (written >= limits.samples || writer.byteSize() >= limits.bytes) break
    }
    if ((await items.peek()) === null) made.next = null
    await writer.end()
    const { byteSize, sha256 } = await spool.close()
    if (written > 0) {
      made.shards++
      made.bytes += byteSize
    }
    const file = { path: format.shardPath(tally.split, tally.shards), byteSize, sha256, samples: written }
    await keepFile(deps, target, {
      ...{ lease, file: written > 0 ? file : null, read: spool.read },
      async also(tx, addedBytes) {
        const pictureBytes = await placePictures(tx, target, takePictures())
        const splits = run.splits.map(each => (each.split === made.split ? made : each))
        const progress = { samples: samplesAt(made), addedBytes: addedBytes + pictureBytes, run: { ...run, splits } }
        await saveProgress(tx, run.id, progress)
      },
    })
    return made
  } finally {
    await spool.remove()
  }
}

function isWanted(item: ExportItem, { options }: ExportRun): boolean {
  if ('line' in item || item.content.kind !== 'STEP' || options.subset === null) return true
  return item.content.subset === null || item.content.subset === options.subset
}

function makeContext(deps: ExportDeps, { run, split, signal }: { run: ExportRun; split: string; signal: AbortSignal }) {
  let placed = new Map<string, PlacedPicture>()
  const { options } = run
  const context: ExportContext = {
    dataset: run.dataset,
    kind: kindOfRecipe[run.recipe],
    ...{ options, split },
    place(picture, folder = '') {
      if (options.pictures === 'LINKED') return linkTo(deps, picture)
      const path = folder + picturePath(picture)
      if (options.pictures === 'INCLUDED') placed.set(path, { path, sha256: picture.sha256 })
      return path
    },
    load: picture => outlastStorage(() => load(deps, picture, signal), deps.patience, signal),
  }
  return {
    context,
    addLine(line: Buffer) {
      if (options.pictures !== 'INCLUDED') return
      for (const picture of picturesOfLine(line.toString())) placed.set(picture.path, picture)
    },
    countPictures: () => placed.size,
    takePictures() {
      const taken = [...placed.values()]
      placed = new Map()
      return taken
    },
  }
}

function linkTo({ links }: ExportDeps, { objectKey, contentType, widthPx }: SamplePicture): string {
  return imageUrl(links, { objectKey, contentType: contentType as StoredType, width: widthPx }) // as the image's row says
}

async function load(deps: ExportDeps, picture: SamplePicture, signal: AbortSignal): Promise<Buffer> {
  try {
    return await loadPicture(deps, picture, signal)
  } catch (error) {
    if (!(error instanceof ObjectNotFoundError)) throw error
    const message = 'A picture was deleted while the export was made; export again.'
    throw new ExportFailedError('PICTURE_MISSING', message, { cause: error })
  }
}
