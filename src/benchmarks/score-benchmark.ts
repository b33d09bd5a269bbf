import type { JudgedItem } from './answers.ts'
import type { BenchmarkName } from './benchmark.ts'
import type { BenchmarkScores, ItemScore, Score } from './benchmark-scores.ts'
import { type GeditSwitches, scoreGedit, tabulateGedit } from './score-gedit.ts'
import { type ImgeditSwitches, scoreImgedit, tabulateImgedit } from './score-imgedit.ts'
import { type KrisSwitches, scoreKris, tabulateKris } from './score-kris.ts'
import { type RiseSwitches, scoreRise, tabulateRise } from './score-rise.ts'

/** Where the published code differs from the paper or from itself, what is meant; by benchmark. */
export type SwitchesOf = { gedit: GeditSwitches; imgedit: ImgeditSwitches; kris: KrisSwitches; rise: RiseSwitches }

type Scorers = {
  [Name in BenchmarkName]: {
    score(items: readonly JudgedItem<Name>[], switches: SwitchesOf[Name]): BenchmarkScores
    tabulate(items: readonly ItemScore[], switches: SwitchesOf[Name]): Score[]
  }
}

const scorers: Scorers = {
  gedit: { score: scoreGedit, tabulate: tabulateGedit },
  imgedit: { score: scoreImgedit, tabulate: tabulateImgedit },
  kris: { score: scoreKris, tabulate: tabulateKris },
  rise: { score: scoreRise, tabulate: tabulateRise },
}

/** The scores of the benchmark. */
export function scoreBenchmark<Name extends BenchmarkName>(
  name: Name,
  items: readonly JudgedItem<Name>[],
  switches: SwitchesOf[Name],
): BenchmarkScores {
  return scorers[name].score(items, switches)
}

/** The columns of the paper's table of items that are scored already, with the same switches. */
export function tabulateBenchmark<Name extends BenchmarkName>(
  name: Name,
  items: readonly ItemScore[],
  switches: SwitchesOf[Name],
): Score[] {
  return scorers[name].tabulate(items, switches)
}
