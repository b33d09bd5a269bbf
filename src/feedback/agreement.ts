// How far people agree who judged the same things. A unit is one thing and what each of its judges said of it; units with
// one judge say nothing and are passed over. Krippendorff's alpha is the measure that holds while a queue is being worked
// through: it allows a different number of judges for each unit, where Fleiss' kappa needs the same for all. Both are 1
// for full agreement and 0 for what chance would give; neither is defined where everyone always said the same.

type Units<Value> = Iterable<readonly Value[]> | AsyncIterable<readonly Value[]>

/** Agreement about categories, such as which of two is better. */
export type NominalAgreement = {
  /** Units with at least two judges, and the pairs of judges in them. */
  units: number
  pairs: number
  /** The share of those pairs who said the same, 0-1; null without one. */
  agreeingShare: number | null
  alpha: number | null
  /** Null also where the units have different numbers of judges. */
  fleissKappa: number | null
}

/**
 * Alpha = 1 - observed / expected disagreement (Krippendorff, Content Analysis, 4th ed. 2018, chapter 12, nominal metric);
 * kappa = (P - Pe) / (1 - Pe) (Fleiss 1971, Measuring nominal scale agreement among many raters).
 */
export async function measureNominalAgreement(units: Units<string>): Promise<NominalAgreement> {
  const totals = new Map<string, number>()
  const sizes = new Set<number>()
  let [count, values, pairs, agreeing, observed, shares] = [0, 0, 0, 0, 0, 0]
  for await (const unit of units) {
    const judges = unit.length
    if (judges < 2) continue
    const counts = countEach(unit)
    let same = 0 // ordered pairs
    for (const [category, times] of counts) {
      totals.set(category, (totals.get(category) ?? 0) + times)
      same += times * (times - 1)
    }
    sizes.add(judges)
    count += 1
    values += judges
    pairs += (judges * (judges - 1)) / 2
    agreeing += same / 2
    observed += same / (judges - 1)
    shares += same / (judges * (judges - 1))
  }
  if (count === 0) return { units: 0, pairs: 0, agreeingShare: null, alpha: null, fleissKappa: null }
  const times = [...totals.values()]
  const expected = sum(times.map(n => n * (n - 1))) / (values * (values - 1))
  const chance = sum(times.map(n => (n / values) ** 2))
  const isVaried = totals.size > 1
  return {
    ...{ units: count, pairs, agreeingShare: agreeing / pairs },
    alpha: isVaried ? 1 - (1 - observed / values) / (1 - expected) : null,
    fleissKappa: isVaried && sizes.size === 1 ? (shares / count - chance) / (1 - chance) : null,
  }
}

/** Agreement about numbers, such as scores. */
export type IntervalAgreement = {
  units: number
  pairs: number
  /** Of the two judges of a pair, over all pairs; null without one. */
  meanAbsoluteDifference: number | null
  alpha: number | null
}

/** Alpha as above, of the interval metric: disagreement is the squared difference. */
export async function measureIntervalAgreement(units: Units<number>): Promise<IntervalAgreement> {
  let [count, values, pairs, apart, observed, total, squares] = [0, 0, 0, 0, 0, 0, 0]
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for await (const unit of units) {
    const judges = unit.length
    if (judges < 2) continue
    const sorted = [...unit].sort((a, b) => a - b)
    const mean = sum(sorted) / judges
    count += 1
    values += judges
    pairs += (judges * (judges - 1)) / 2
    // Of sorted values the k-th is subtracted from those above it and reduced by those below it.
    apart += sum(sorted.map((value, k) => value * (2 * k - judges + 1)))
    // Over ordered pairs the squared differences add up to 2 judges x the squares about the mean.
    observed += (2 * judges * sum(sorted.map(value => (value - mean) ** 2))) / (judges - 1)
    total += sum(sorted)
    squares += sum(sorted.map(value => value ** 2))
    least = Math.min(least, sorted[0] ?? least)
    most = Math.max(most, sorted.at(-1) ?? most)
  }
  if (count === 0) return { units: 0, pairs: 0, meanAbsoluteDifference: null, alpha: null }
  const expected = (2 * (values * squares - total ** 2)) / (values * (values - 1))
  return {
    ...{ units: count, pairs, meanAbsoluteDifference: apart / pairs },
    alpha: least < most ? 1 - observed / values / expected : null,
  }
}

function countEach(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
