import type { Db, Tx } from '../../src/db.ts'
import { defaultSettings } from '../../src/loop/settings.ts'
import { sql } from '../../src/sql.ts'

const BATCH = 5_000
const SOURCES = 20_000
const PICTURES = 50_000
const HUMAN_EVERY = 100

/**
 * Fills a tenant with finished jobs as they look after real use: 1 to 9 rounds each (5 on average), scores that rise and
 * sometimes fall, several editors and thinkers, batches, tags, metadata, instructions of 12 to 40 words, one job in 100
 * with a person's critique. Written set by set, a few thousand jobs a transaction; the trajectories by the product's own
 * trigger. Rare things to look for: "zeppelin" in the instruction, the metadata key `flagged` and the tag `rare` each in
 * one job of 20,000.
 */
export async function fillTrajectories(db: Db, tenantId: string, jobs: number): Promise<void> {
  await db.query(sql`
    insert into image (id, tenant_id, status, sha256, original_sha256, content_type, width, height, byte_size, object_key)
    select uuidv7(), ${tenantId}::uuid, 'READY', hash, hash, 'image/png', 1024, 1024, 1500000, hash
    from generate_series(1, ${SOURCES + PICTURES}::int) as n, encode(sha256(convert_to('picture ' || n, 'UTF8')), 'hex') as hash
    on conflict do nothing`)
  for (let from = 0; from < jobs; from += BATCH) {
    await db.transaction(tx => writeBatch(tx, tenantId, from, Math.min(from + BATCH, jobs), jobs))
  }
  await giveFeedback(db, jobs)
  await db.query('vacuum analyze')
}

async function writeBatch(tx: Tx, tenantId: string, from: number, to: number, jobs: number): Promise<void> {
  await tx.query(sql`select setseed(${from / jobs}::float8)`)
  await tx.query(sql`
    create temp table picture on commit drop as
    select id, sha256, row_number() over (order by sha256) - 1 as n from image where tenant_id = ${tenantId}::uuid`)
  await tx.query('create unique index on picture (n)')
  await tx.query(sql`
    create temp table new_job on commit drop as
    select drawn.*, uuidv7(created_at - now()) as id,
      created_at + interval '2 seconds' as started_at,
      case when chance < 0.02 then 'FAILED' when chance < 0.04 then 'CANCELED' else 'SUCCEEDED' end as status
    from (
      select j, 1 + case when j % 10 = 9 then 4 else j % 10 end as rounds, random() as chance, 4 + 3 * random() as base,
        3 * random() as slope, now() - (${jobs}::int - j) * interval '86 seconds' as created_at,
        case when j % 20 = 7 then 'GENERATE' when j % 33 = 5 then 'FILL' else 'EDIT' end as kind,
        (array['qwen-image-edit', 'qwen-image-edit', 'flux-kontext-dev', 'step1x-edit', 'omnigen2', 'bagel'])[1 + (random() * 5.99)::int % 6] as editor,
        (array['editthinker-8b', 'editthinker-8b', 'gpt-4.1'])[1 + (random() * 2.99)::int % 3] as thinker,
        (random() * ${SOURCES - 1}::int)::int as source
      from generate_series(${from}::int, ${to - 1}::int) as j) as drawn`)
  await tx.query(sql`
    create temp table new_round on commit drop as
    select j, id as job_id, index, uuidv7(created_at - now() + index * interval '8 seconds') as id, semantic, quality,
      sqrt(semantic * quality) as overall, 2 + 6 * random() as seconds, 300 + (600 * random())::int as tokens,
      (random() * ${PICTURES - 1}::int)::int + ${SOURCES}::int as picture, index = rounds and status = 'SUCCEEDED' as is_last,
      created_at + index * interval '8 seconds' as at
    from (
      select new_job.*, index,
        least(10, greatest(0, base + slope * ln(index) + 2 * (random() - 0.5)))::numeric(4, 1)::float8 as semantic,
        least(10, greatest(0, base + 1 + slope * ln(index) * 0.8 + 2 * (random() - 0.5)))::numeric(4, 1)::float8 as quality
      from new_job cross join lateral generate_series(1, rounds) as index) as drawn`)
  await tx.query('create index on new_round (job_id, index)')
  await tx.query('analyze new_round')
  await tx.query(sql`
    insert into job (id, tenant_id, kind, status, stop_reason, instruction, source_id, mask_id, editor, thinker, settings,
      base_seed, batch, tags, metadata, input_hash, event_seq, error_code, error_message, error_is_retryable,
      editor_seconds, thinker_tokens, run_editor_seconds, run_thinker_tokens, created_at, started_at, finished_at)
    select n.id, ${tenantId}::uuid, n.kind::job_kind, n.status::job_status,
      case when n.status <> 'SUCCEEDED' then n.status when last.semantic >= 8 and last.quality >= 8 then 'SATISFIED'
        when n.j % 50 = 0 then 'NO_REFINEMENT' when n.j % 25 = 0 then 'PATIENCE' else 'MAX_ROUNDS' end::stop_reason,
      ${instruction}, case when n.kind <> 'GENERATE' then source.id end, case when n.kind = 'FILL' then source.id end,
      n.editor, n.thinker, ${JSON.stringify(defaultSettings)}::jsonb, n.j, 'nightly-' || n.j / 1000,
      ${tags}, ${metadata}, 'h' || n.j, 3,
      case when n.status = 'FAILED' then 'ENGINE_ERROR' end, case when n.status = 'FAILED' then 'The editor failed.' end,
      case when n.status = 'FAILED' then true end, spent.seconds, spent.tokens, spent.seconds, spent.tokens,
      n.created_at, n.started_at, n.started_at + spent.seconds * interval '1.7 seconds'
    from new_job n
    join picture source on source.n = n.source
    join new_round last on last.job_id = n.id and last.index = n.rounds
    cross join lateral (select sum(seconds) as seconds, sum(tokens)::int as tokens from new_round where job_id = n.id) as spent`)
  await tx.query(sql`
    insert into round (id, job_id, index, status, editor, prompt, prompt_source, seed, image_id, is_satisfied,
      editor_seconds, created_at, started_at, edited_at)
    select r.id, r.job_id, r.index, 'CRITIQUED', n.editor, ${prompt},
      case when r.index = 1 then 'INSTRUCTION' else 'REFINED' end::prompt_source, r.j, picture.id,
      r.semantic >= 8 and r.quality >= 8, r.seconds, r.at, r.at, r.at + interval '6 seconds'
    from new_round r join new_job n on n.id = r.job_id join picture on picture.n = r.picture`)
  await tx.query(sql`
    insert into critique (id, round_id, source, by, semantic, quality, overall, reasoning, refined_prompt, tokens, created_at)
    select uuidv7(r.at - now() + interval '7 seconds'), r.id, 'THINKER', n.thinker, r.semantic, r.quality, r.overall, ${reasoning},
      case when r.semantic < 8 or r.quality < 8 then 'Refined for round ' || r.index + 1 || ': follow the light of the scene more closely.' end,
      r.tokens, r.at + interval '7 seconds'
    from new_round r join new_job n on n.id = r.job_id`)
  await tx.query(sql`
    update job set best_round_id = best.id from (
      select distinct on (job_id) job_id, id from new_round order by job_id, overall desc, index) as best
    where best.job_id = job.id`)
  // Tables that were empty a moment ago look empty to the planner, and the trigger would read them whole for every job.
  if (from === 0) await tx.query('analyze job, round, critique, image')
  for (const [seq, type] of [
    [1, 'JOB_QUEUED'],
    [2, 'JOB_STARTED'],
    [3, 'JOB_FINISHED'],
  ] as const) {
    await tx.query(sql`
      insert into job_event (job_id, seq, tenant_id, epoch, type, at, run, status, stop_reason)
      select job.id, ${seq}::int, job.tenant_id, 1, ${type}::job_event_type, job.finished_at, 1,
        case when ${seq}::int = 3 then job.status end, case when ${seq}::int = 3 then job.stop_reason end
      from new_job join job using (id)`)
  }
}

/** One job in a hundred hears from a person about its best round, after its end. */
async function giveFeedback(db: Db, jobs: number): Promise<void> {
  await db.query(sql`
    with chosen as (
      select job.id, best_round_id as round_id, tenant_id, uuidv7() as critique_id, base_seed,
        c.overall as thought
      from job join critique c on c.round_id = job.best_round_id
      where base_seed % ${HUMAN_EVERY}::int = 3 and base_seed < ${jobs}::int and c.source = 'THINKER'
    ), written as (
      insert into critique (id, round_id, source, by, semantic, quality, overall, reasoning)
      select critique_id, round_id, 'HUMAN', 'reviewer', given, given, given, 'Seen by a person.'
      from chosen, round(least(10, greatest(0, thought + base_seed % 5 - 2))) as given returning id
    ), counted as (
      update job set event_seq = 4 from chosen where chosen.id = job.id returning job.id
    )
    insert into job_event (job_id, seq, tenant_id, epoch, type, run, round_id, critique_id)
    select chosen.id, 4, tenant_id, 1, 'CRITIQUE_ADDED', 1, round_id, critique_id
    from chosen join written on written.id = critique_id join counted on counted.id = chosen.id`)
}

const verbs = sql`array['make', 'turn', 'change', 'paint', 'render', 'replace', 'brighten', 'soften', 'remove', 'add']`
const things = sql`array['the old house', 'a red car', 'the woman in the foreground', 'her blue dress', 'the wooden bridge', 'the storm clouds', 'the street at night', 'a small dog', 'the mountain behind the lake', 'the sign above the door', 'the cup of coffee']`
const manners = sql`array['as if it were painted in oil', 'with the warm light of an autumn evening', 'in the style of an early photograph', 'so that it looks covered with fresh snow', 'and keep everything else exactly as it is', 'with more contrast and a deeper sky', 'without changing the faces of the people']`
const instruction = sql`(
  (${verbs})[1 + n.j % 10] || ' ' || (${things})[1 + n.j / 7 % 11] || ' ' || (${manners})[1 + n.j / 3 % 7]
  || ', then ' || (${verbs})[1 + n.j / 11 % 10] || ' ' || (${things})[1 + n.j / 13 % 11] || ' ' || (${manners})[1 + n.j / 17 % 7]
  || case when n.j % 20000 = 77 then ', and let a zeppelin pass over the roofs' else '' end
  || case when n.j % 200 = 11 then ', with a lighthouse on the horizon' else '' end)`
const tags = sql`(array[(array['portrait', 'night', 'street', 'nature', 'product'])[1 + n.j % 5], 'wave-' || n.j % 40]
  || case when n.j % 20000 = 78 then array['rare'] else '{}'::text[] end)`
const metadata = sql`(jsonb_build_object('suite', (array['train', 'train', 'train', 'gedit', 'imgedit'])[1 + n.j % 5],
    'sample', n.j, 'difficulty', n.j % 4, 'task', jsonb_build_object('type', 'type-' || n.j % 17))
  || case when n.j % 20000 = 79 then '{"flagged": true}' else '{}' end::jsonb)`
const prompt = sql`('Round ' || r.index || ': ' || n.kind || ' the scene as it was asked for, in the light of the late afternoon, and keep the rest.')`
const reasoning = sql`('The edit follows the instruction in most parts. The light is ' || (array['too cold', 'right', 'a little flat'])[1 + r.index % 3]
  || ' and the edges of the changed region show ' || r.semantic || ' of 10 in agreement with what was asked; the rest of the picture is preserved.')`
