// Trajectories as data, over a database of finished jobs made by set-based SQL: pages by filter and order, what-if, and exports.
// Run: NODE_ENV=production npx tsx bench/data.ts [--jobs 200000] [--only pages,what-if,exports] [--runs 40] [--pictures 2000]

import { parseArgs } from 'node:util'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { benchExports } from './support/data-exports.ts'
import { benchPages } from './support/data-pages.ts'
import { benchWhatIf } from './support/data-what-if.ts'
import { fillTrajectories } from './support/fill-trajectories.ts'
import { openBenchDeps } from './support/open-bench-deps.ts'
import { printRow, printTitle } from './support/report.ts'

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '200000' },
    only: { type: 'string' },
    runs: { type: 'string', default: '40' },
    pictures: { type: 'string', default: '2000' },
  },
})

const { deps, url, close } = await openBenchDeps()
const caller = await loadLocalCaller(deps.db)
const parts: Record<string, () => Promise<void>> = {
  pages: () => benchPages(deps, caller, Number(values.runs)),
  'what-if': () => benchWhatIf(deps.db, caller.tenantId, 5),
  exports: () => benchExports({ deps, url }, caller, { pictures: Number(values.pictures) }),
}
const wanted = values.only?.split(',') ?? Object.keys(parts)

const startedAt = performance.now()
await fillTrajectories(deps.db, caller.tenantId, Number(values.jobs))
const { rows } = await deps.db.query<{ jobs: number; rounds: number; size: string }>(
  `select (select count(*) from trajectory) as jobs, (select count(*) from round) as rounds,
     pg_size_pretty(pg_database_size(current_database())) as size`,
)
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
printTitle('the database')
printRow('holds', `${rows[0]?.jobs} trajectories of ${rows[0]?.rounds} rounds, ${rows[0]?.size}, made in ${seconds} s`)

for (const name of wanted) {
  const part = parts[name]
  if (!part) throw new Error(`There is no part ${name}: name some of ${Object.keys(parts).join(', ')}.`)
  await part()
}
await close()
