// A trainer's batch: 512 answers against 8 editors that take 2 s and a judge, 70 s to answer in. 8 x 70 / 2 = 280 is the
// most that could be edited. Run: npx tsx bench/rewards.ts [--rollouts 512] [--deadline 70]

import { parseArgs } from 'node:util'
import { storePicture } from '../src/images/store-image.ts'
import { scoreRollouts } from '../src/rewards/score-rollouts.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { until } from '../test/support/until.ts'
import { fakeEditorModel, fakeThinkerModel } from '../test/support/worker-setup.ts'
import { openFleetHouse } from './support/fleet-house.ts'
import { makePictures } from './support/instant-engines.ts'
import { openBenchDeps } from './support/open-bench-deps.ts'
import { printRow, printTitle } from './support/report.ts'

const { values } = parseArgs({
  options: { rollouts: { type: 'string', default: '512' }, deadline: { type: 'string', default: '70' } },
})
const [count, deadlineSeconds] = [Number(values.rollouts), Number(values.deadline)]
const [editors, editSeconds] = [8, 2]

const { deps, url: databaseUrl, close } = await openBenchDeps()
const { db, images, config, log } = deps
const { tenantId } = await loadLocalCaller(db)
const house = await openFleetHouse(db, {
  ...{ databaseUrl, dataDir: config.dataDir, workers: 1, thinkerSlots: 32 },
  servers: {
    ...{ editors, thinkers: 1, editMeanSeconds: editSeconds, editCv: 0, thinkSeconds: 0.5 },
    ...{ busyShare: 0, hungEditors: 0, sizePx: 512 },
  },
})
const paint = await makePictures(512)
const origin = await storePicture(images, tenantId, paint())
const rollouts = Array.from({ length: count }, (_, i) => ({
  response: `<think>x</think><score>{"semantic": 5, "quality": 6}</score><answer>bluer (job ${i} round 1)</answer>`,
  originPrompt: 'Make it bluer',
  originImage: { imageId: origin.id },
  evaluation: { semantic: 4, quality: 6 },
}))

const { results, seconds } = await scoreRollouts(
  { db, log },
  { tenantId },
  {
    ...{ rollouts, editor: fakeEditorModel, judge: fakeThinkerModel, seed: 0, editorParameters: null },
    ...{ deadlineSeconds, formula: 'CODE', weights: null, isStrict: false, skipAtLeast: null, batch: null },
  },
)
const most = Math.floor((editors * deadlineSeconds) / editSeconds)
const edited = results.filter(({ fallback }) => fallback === null).length
const reasons = [...new Set(results.map(({ fallback }) => fallback?.reason ?? 'edited'))]
const counts = reasons.map(
  reason => `${results.filter(({ fallback }) => (fallback?.reason ?? 'edited') === reason).length} ${reason}`,
)
printTitle(`Rewards: ${count} answers, ${editors} editors at ${editSeconds} s, ${deadlineSeconds} s to answer in`)
printRow(
  'Pentimento',
  `answered after ${seconds.toFixed(2)} s   ${counts.join(', ')}   ${(edited / Math.min(most, count)).toFixed(3)} of the ${Math.min(most, count)} possible`,
)
printRow('meant to reach', `${deadlineSeconds + 1} s, 250 of 280 edited`)
// What nobody waits for any more is canceled, not left to the fleet.
const isIdle = async () => (await db.query(`select from job where status in ('QUEUED', 'RUNNING')`)).rowCount === 0
await until('no job goes on', isIdle, 60_000)
await house.close()
if (results.length !== count) process.exitCode = 1
await close()
