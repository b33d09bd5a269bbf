// What a format is. A format writes samples into shards, one file after the other, and describes the whole at the end. It
// knows nothing of jobs, leases or storage, and nothing of the clock, the host or chance: the same samples give the same bytes.

import type { Sample, SampleContent, SamplePicture } from '../datasets/sample.ts'
import type { EncodedLine } from '../trajectories/trajectory-record.ts'

/** The formats there are, as callers name them. */
export type ExportFormatName =
  | 'LLAMA_FACTORY_SFT'
  | 'LLAMA_FACTORY_RANKING'
  | 'EASYR1'
  | 'VERL'
  | 'HUGGINGFACE_PARQUET'
  | 'IMAGEFOLDER'
  | 'WEBDATASET'
  | 'JSONL'
  | 'CSV'

/** What a sample can be: a whole trajectory, a step or a pair. */
export type SampleKind = SampleContent['kind']

/**
 * INCLUDED: the stored bytes are among the files. NAMED: only their paths, made of their SHA-256. LINKED: signed links, which
 * expire after a day and make an export differ from its repetition.
 */
type PictureMode = 'INCLUDED' | 'NAMED' | 'LINKED'

/** What a caller may choose, every default filled in. Stored as plain JSON. */
export type ExportOptions = {
  pictures: PictureMode
  /** Samples in a file at most; null: the format's own limit. */
  shardSize: number | null
  /** Which steps of a recipe that tells them apart; null: all. */
  subset: 'SFT' | 'RL' | null
  /** A template of the tagged form; null: ours. */
  template: string | null
}

/** Where bytes of the file at hand go. Resolves when there is room for more, and the array may be used again. */
export type Sink = { write(bytes: Uint8Array | string): Promise<void> }

/** What a format may ask for while it writes. */
export type ExportContext = {
  dataset: { name: string; version: number }
  kind: SampleKind
  options: ExportOptions
  split: string
  /** How the data name the picture; where pictures are INCLUDED as files, it becomes one. `folder`: where, '' or with a slash at its end. */
  place(picture: SamplePicture, folder?: string): string
  /** Its stored bytes. Throws PictureMissingError. */
  load(picture: SamplePicture): Promise<Buffer>
}

/** One open file. */
type ShardWriter = {
  /** False: the format cannot say this sample, and leaves it out. */
  add(item: ExportItem): Promise<boolean>
  /** Bytes of the file so far, or about so many: what its limit is compared with. */
  byteSize(): number
  /** Writes what is left. */
  end(): Promise<void>
}

/** A sample, or a whole trajectory as its line: what `takesLines` asks for. */
export type ExportItem = Sample | EncodedLine

/** A small file that describes the others. */
export type TextFile = { path: string; text: string }

/** What was written. */
export type ExportSummary = {
  dataset: { name: string; version: number; description: string | null; contentHash: string }
  kind: SampleKind
  options: ExportOptions
  splits: { split: string; samples: number; leftOut: number; bytes: number; files: string[] }[]
}

/** One format. */
export type ExportFormat = {
  name: ExportFormatName
  kinds: readonly SampleKind[]
  /** The first is the default. */
  pictures: readonly PictureMode[]
  /** Which steps it takes where the caller names none. */
  subset: 'SFT' | 'RL' | null
  /** Whether trajectories come as lines of `pentimento-trajectories`. */
  takesLines: boolean
  /** Whether a template of the tagged form is part of what it writes. */
  usesTemplate: boolean
  /** A file ends with the sample that reaches one of them; null: one file a split. */
  limits: { samples: number; bytes: number } | null
  /** The path of a split's file; `number` counts from 0. */
  shardPath(split: string, number: number): string
  open(sink: Sink, context: ExportContext): ShardWriter | Promise<ShardWriter>
  /** Descriptions, configuration files and the like. */
  describe(summary: ExportSummary): TextFile[]
}
