import type { BenchmarkItem, BenchmarkName } from './benchmark.ts'
import { loadGedit } from './load-gedit.ts'
import { loadImgedit } from './load-imgedit.ts'
import { loadKris } from './load-kris.ts'
import { loadRise } from './load-rise.ts'

/** The items of the benchmark in the folder that its authors publish. Throws BenchmarkDataError with all that is missing. */
export function loadBenchmark(
  name: BenchmarkName,
  root: string,
  { language }: { language?: 'en' | 'cn' } = {},
): Promise<BenchmarkItem[]> {
  switch (name) {
    case 'gedit':
      return loadGedit(root, language ? { language } : {})
    case 'imgedit':
      return loadImgedit(root)
    case 'kris':
      return loadKris(root)
    case 'rise':
      return loadRise(root)
  }
  name satisfies never
}
