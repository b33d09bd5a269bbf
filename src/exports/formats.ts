import type { ExportFormat, ExportFormatName } from './export-format.ts'
import { csv } from './formats/csv.ts'
import { easyR1 } from './formats/easyr1.ts'
import { huggingfaceParquet } from './formats/huggingface-parquet.ts'
import { imagefolder } from './formats/imagefolder.ts'
import { jsonl } from './formats/jsonl.ts'
import { llamaFactoryRanking } from './formats/llama-factory-ranking.ts'
import { llamaFactorySft } from './formats/llama-factory-sft.ts'
import { verl } from './formats/verl.ts'
import { webdataset } from './formats/webdataset.ts'

/** Every format by its name. */
export const exportFormats: Readonly<Record<ExportFormatName, ExportFormat>> = {
  LLAMA_FACTORY_SFT: llamaFactorySft,
  LLAMA_FACTORY_RANKING: llamaFactoryRanking,
  EASYR1: easyR1,
  VERL: verl,
  HUGGINGFACE_PARQUET: huggingfaceParquet,
  IMAGEFOLDER: imagefolder,
  WEBDATASET: webdataset,
  JSONL: jsonl,
  CSV: csv,
}
