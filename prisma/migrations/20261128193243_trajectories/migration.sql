create function event_epoch() returns int language sql stable as $$ select epoch from event_log $$;

-- CreateEnum
CREATE TYPE "review_kind" AS ENUM ('SCORE', 'PICK', 'PAIR');

-- CreateEnum
CREATE TYPE "review_status" AS ENUM ('CLAIMED', 'DONE', 'SKIPPED');

-- CreateEnum
CREATE TYPE "preference_kind" AS ENUM ('PICK', 'PAIR');

-- CreateEnum
CREATE TYPE "judge_run_status" AS ENUM ('RUNNING', 'DONE', 'CANCELED');

-- CreateEnum
CREATE TYPE "version_status" AS ENUM ('BUILDING', 'READY', 'FAILED');

-- CreateEnum
CREATE TYPE "export_status" AS ENUM ('QUEUED', 'RUNNING', 'DONE', 'FAILED', 'CANCELED');

-- DropIndex
DROP INDEX "task_job_id_run_stage_round_index_candidate_call_key";

-- AlterTable
ALTER TABLE "task" ADD COLUMN     "judge_run_id" UUID;

-- CreateTable
CREATE TABLE "trajectory" (
    "job_id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "epoch" INTEGER NOT NULL,
    "xid" xid8 NOT NULL,
    "seq" INTEGER NOT NULL,
    "kind" "job_kind" NOT NULL,
    "status" "job_status" NOT NULL,
    "stop_reason" "stop_reason" NOT NULL,
    "editor" TEXT NOT NULL,
    "thinker" TEXT,
    "instruction" TEXT NOT NULL,
    "words" tsvector GENERATED ALWAYS AS (to_tsvector('english'::regconfig, instruction)) STORED,
    "batch" TEXT,
    "tags" TEXT[],
    "metadata" JSONB,
    "source_sha256" TEXT,
    "rounds" INTEGER NOT NULL,
    "first_overall" DOUBLE PRECISION,
    "best_overall" DOUBLE PRECISION,
    "last_overall" DOUBLE PRECISION,
    "gain" DOUBLE PRECISION,
    "variance" DOUBLE PRECISION,
    "best_index" INTEGER,
    "seconds" DOUBLE PRECISION NOT NULL,
    "editor_seconds" DOUBLE PRECISION NOT NULL,
    "thinker_tokens" INTEGER NOT NULL,
    "has_human_critique" BOOLEAN NOT NULL DEFAULT false,
    "agreement" DOUBLE PRECISION,
    "rule" JSON NOT NULL,
    "steps" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "trajectory_pkey" PRIMARY KEY ("job_id")
);

-- CreateTable
CREATE TABLE "preference" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "kind" "preference_kind" NOT NULL,
    "chosen_round_id" UUID NOT NULL,
    "rejected_round_id" UUID,
    "is_tie" BOOLEAN NOT NULL DEFAULT false,
    "by" TEXT NOT NULL,
    "reasoning" TEXT,
    "epoch" INTEGER NOT NULL DEFAULT event_epoch(),
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "preference_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "review_queue" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "kind" "review_kind" NOT NULL,
    "reviews_wanted" INTEGER NOT NULL DEFAULT 1,
    "by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "review_queue_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "review_item" (
    "id" UUID NOT NULL,
    "queue_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "job_id" UUID NOT NULL,
    "round_a_id" UUID,
    "round_b_id" UUID,

    CONSTRAINT "review_item_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "review" (
    "id" UUID NOT NULL,
    "item_id" UUID NOT NULL,
    "reviewer" TEXT NOT NULL,
    "status" "review_status" NOT NULL DEFAULT 'CLAIMED',
    "claimed_until" TIMESTAMPTZ(3) NOT NULL,
    "preference_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "review_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "review_critique" (
    "critique_id" UUID NOT NULL,
    "review_id" UUID NOT NULL,

    CONSTRAINT "review_critique_pkey" PRIMARY KEY ("critique_id")
);

-- CreateTable
CREATE TABLE "judge_run" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "rubric" TEXT NOT NULL,
    "selection" JSONB NOT NULL,
    "templates" JSONB,
    "skips_answered" BOOLEAN NOT NULL DEFAULT false,
    "status" "judge_run_status" NOT NULL DEFAULT 'RUNNING',
    "total" INTEGER NOT NULL DEFAULT 0,
    "planned_to" UUID,
    "is_planned" BOOLEAN NOT NULL DEFAULT false,
    "by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "judge_run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "judge_answer" (
    "run_id" UUID NOT NULL,
    "round_id" UUID NOT NULL,
    "call" INTEGER NOT NULL,
    "raw" TEXT,
    "parsed" JSONB,
    "error_code" TEXT,
    "tokens" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "judge_answer_pkey" PRIMARY KEY ("run_id","round_id","call")
);

-- CreateTable
CREATE TABLE "dataset" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dataset_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dataset_version" (
    "id" UUID NOT NULL,
    "dataset_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "status" "version_status" NOT NULL DEFAULT 'BUILDING',
    "filter" JSONB NOT NULL,
    "recipe" JSONB NOT NULL,
    "splits" JSONB NOT NULL,
    "as_of" TEXT NOT NULL,
    "samples" INTEGER NOT NULL DEFAULT 0,
    "funnel" JSONB NOT NULL DEFAULT '[]',
    "content_hash" TEXT,
    "error_code" TEXT,
    "error_message" TEXT,
    "owner" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ready_at" TIMESTAMPTZ(3),

    CONSTRAINT "dataset_version_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dataset_sample" (
    "version_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "split" TEXT NOT NULL,
    "job_id" UUID NOT NULL,
    "round_id" UUID,
    "rejected_id" UUID,
    "critique_id" UUID,
    "source_sha256" TEXT,
    "data" JSON NOT NULL,

    CONSTRAINT "dataset_sample_pkey" PRIMARY KEY ("version_id","position")
);

-- CreateTable
CREATE TABLE "export" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "version_id" UUID NOT NULL,
    "format" TEXT NOT NULL,
    "options" JSONB NOT NULL,
    "status" "export_status" NOT NULL DEFAULT 'QUEUED',
    "samples" INTEGER NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "content_hash" TEXT,
    "cursor" JSONB,
    "error_code" TEXT,
    "error_message" TEXT,
    "owner" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "cancel_requested_at" TIMESTAMPTZ(3),
    "by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "export_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "export_file" (
    "export_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "path" TEXT COLLATE "C" NOT NULL,
    "object_key" TEXT NOT NULL,
    "byte_size" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "samples" INTEGER NOT NULL,

    CONSTRAINT "export_file_pkey" PRIMARY KEY ("export_id","position")
);

-- CreateIndex
CREATE INDEX "trajectory_tenant_id_epoch_xid_job_id_idx" ON "trajectory"("tenant_id", "epoch", "xid", "job_id");

-- CreateIndex
CREATE INDEX "trajectory_by_created_at" ON "trajectory"("tenant_id", "created_at", "job_id", "stop_reason", "finished_at", "rounds", "first_overall", "best_overall", "last_overall", "gain", "variance");

-- CreateIndex
CREATE INDEX "trajectory_by_finished_at" ON "trajectory"("tenant_id", "finished_at", "job_id", "stop_reason", "rounds", "first_overall", "best_overall", "last_overall", "gain", "variance");

-- CreateIndex
CREATE INDEX "trajectory_by_first_overall" ON "trajectory"("tenant_id", "first_overall", "job_id", "stop_reason", "finished_at", "rounds", "best_overall", "last_overall", "gain", "variance");

-- CreateIndex
CREATE INDEX "trajectory_by_best_overall" ON "trajectory"("tenant_id", "best_overall", "job_id", "stop_reason", "finished_at", "rounds", "first_overall", "last_overall", "gain", "variance");

-- CreateIndex
CREATE INDEX "trajectory_by_last_overall" ON "trajectory"("tenant_id", "last_overall", "job_id", "stop_reason", "finished_at", "rounds", "first_overall", "best_overall", "gain", "variance");

-- CreateIndex
CREATE INDEX "trajectory_by_gain" ON "trajectory"("tenant_id", "gain", "job_id", "stop_reason", "finished_at", "rounds", "first_overall", "best_overall", "last_overall", "variance");

-- CreateIndex
CREATE INDEX "trajectory_by_variance" ON "trajectory"("tenant_id", "variance", "job_id", "stop_reason", "finished_at", "rounds", "first_overall", "best_overall", "last_overall", "gain");

-- CreateIndex
CREATE INDEX "trajectory_by_rounds" ON "trajectory"("tenant_id", "rounds", "job_id", "stop_reason", "finished_at", "first_overall", "best_overall", "last_overall", "gain", "variance");

-- CreateIndex
CREATE INDEX "trajectory_by_seconds" ON "trajectory"("tenant_id", "seconds", "job_id", "stop_reason", "finished_at", "rounds", "first_overall", "best_overall", "last_overall", "gain", "variance");

-- CreateIndex
CREATE INDEX "trajectory_by_thinker_tokens" ON "trajectory"("tenant_id", "thinker_tokens", "job_id", "stop_reason", "finished_at", "rounds", "first_overall", "best_overall", "last_overall", "gain", "variance");

-- CreateIndex
CREATE INDEX "trajectory_tenant_id_batch_job_id_idx" ON "trajectory"("tenant_id", "batch", "job_id");

-- CreateIndex
CREATE INDEX "trajectory_tenant_id_kind_idx" ON "trajectory"("tenant_id", "kind");

-- CreateIndex
CREATE INDEX "trajectory_tenant_id_status_idx" ON "trajectory"("tenant_id", "status");

-- CreateIndex
CREATE INDEX "trajectory_tenant_id_stop_reason_idx" ON "trajectory"("tenant_id", "stop_reason");

-- CreateIndex
CREATE INDEX "trajectory_tenant_id_editor_idx" ON "trajectory"("tenant_id", "editor");

-- CreateIndex
CREATE INDEX "trajectory_tenant_id_thinker_idx" ON "trajectory"("tenant_id", "thinker");

-- CreateIndex
CREATE INDEX "trajectory_tenant_id_source_sha256_idx" ON "trajectory"("tenant_id", "source_sha256");

-- CreateIndex
CREATE INDEX "trajectory_tenant_id_best_index_idx" ON "trajectory"("tenant_id", "best_index");

-- CreateIndex
CREATE INDEX "trajectory_tenant_id_editor_seconds_idx" ON "trajectory"("tenant_id", "editor_seconds");

-- CreateIndex
CREATE INDEX "trajectory_words_idx" ON "trajectory" USING GIN ("words");

-- CreateIndex
CREATE INDEX "trajectory_tags_idx" ON "trajectory" USING GIN ("tags");

-- CreateIndex
CREATE INDEX "trajectory_metadata_idx" ON "trajectory" USING GIN ("metadata");

-- CreateIndex
CREATE INDEX "preference_tenant_id_id_idx" ON "preference"("tenant_id", "id");

-- CreateIndex
CREATE INDEX "preference_chosen_round_id_idx" ON "preference"("chosen_round_id");

-- CreateIndex
CREATE INDEX "preference_rejected_round_id_idx" ON "preference"("rejected_round_id");

-- CreateIndex
CREATE UNIQUE INDEX "review_queue_tenant_id_name_key" ON "review_queue"("tenant_id", "name");

-- CreateIndex
CREATE INDEX "review_item_job_id_idx" ON "review_item"("job_id");

-- CreateIndex
CREATE INDEX "review_item_round_a_id_idx" ON "review_item"("round_a_id");

-- CreateIndex
CREATE INDEX "review_item_round_b_id_idx" ON "review_item"("round_b_id");

-- CreateIndex
CREATE UNIQUE INDEX "review_item_queue_id_position_key" ON "review_item"("queue_id", "position");

-- CreateIndex
CREATE INDEX "review_critique_review_id_idx" ON "review_critique"("review_id");

-- CreateIndex
CREATE INDEX "review_preference_id_idx" ON "review"("preference_id");

-- CreateIndex
CREATE INDEX "review_reviewer_status_idx" ON "review"("reviewer", "status");

-- CreateIndex
CREATE UNIQUE INDEX "review_item_id_reviewer_key" ON "review"("item_id", "reviewer");

-- CreateIndex
CREATE INDEX "judge_run_tenant_id_id_idx" ON "judge_run"("tenant_id", "id");

-- CreateIndex
CREATE INDEX "judge_answer_round_id_idx" ON "judge_answer"("round_id");

-- CreateIndex
CREATE UNIQUE INDEX "dataset_tenant_id_name_key" ON "dataset"("tenant_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "dataset_version_dataset_id_number_key" ON "dataset_version"("dataset_id", "number");

-- CreateIndex
CREATE INDEX "dataset_sample_version_id_hash_idx" ON "dataset_sample"("version_id", "hash");

-- CreateIndex
CREATE INDEX "dataset_sample_job_id_idx" ON "dataset_sample"("job_id");

-- CreateIndex
CREATE INDEX "export_tenant_id_id_idx" ON "export"("tenant_id", "id");

-- CreateIndex
CREATE INDEX "export_version_id_idx" ON "export"("version_id");

-- CreateIndex
CREATE INDEX "export_file_object_key_idx" ON "export_file"("object_key");

-- CreateIndex
CREATE UNIQUE INDEX "export_file_export_id_path_key" ON "export_file"("export_id", "path");

-- AddForeignKey
ALTER TABLE "task" ADD CONSTRAINT "task_judge_run_id_fkey" FOREIGN KEY ("judge_run_id") REFERENCES "judge_run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "trajectory" ADD CONSTRAINT "trajectory_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "trajectory" ADD CONSTRAINT "trajectory_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "preference" ADD CONSTRAINT "preference_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "preference" ADD CONSTRAINT "preference_chosen_round_id_fkey" FOREIGN KEY ("chosen_round_id") REFERENCES "round"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "preference" ADD CONSTRAINT "preference_rejected_round_id_fkey" FOREIGN KEY ("rejected_round_id") REFERENCES "round"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_queue" ADD CONSTRAINT "review_queue_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_item" ADD CONSTRAINT "review_item_queue_id_fkey" FOREIGN KEY ("queue_id") REFERENCES "review_queue"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_item" ADD CONSTRAINT "review_item_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_item" ADD CONSTRAINT "review_item_round_a_id_fkey" FOREIGN KEY ("round_a_id") REFERENCES "round"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_item" ADD CONSTRAINT "review_item_round_b_id_fkey" FOREIGN KEY ("round_b_id") REFERENCES "round"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review" ADD CONSTRAINT "review_item_id_fkey" FOREIGN KEY ("item_id") REFERENCES "review_item"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review" ADD CONSTRAINT "review_preference_id_fkey" FOREIGN KEY ("preference_id") REFERENCES "preference"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_critique" ADD CONSTRAINT "review_critique_critique_id_fkey" FOREIGN KEY ("critique_id") REFERENCES "critique"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_critique" ADD CONSTRAINT "review_critique_review_id_fkey" FOREIGN KEY ("review_id") REFERENCES "review"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "judge_run" ADD CONSTRAINT "judge_run_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "judge_answer" ADD CONSTRAINT "judge_answer_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "judge_run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "judge_answer" ADD CONSTRAINT "judge_answer_round_id_fkey" FOREIGN KEY ("round_id") REFERENCES "round"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dataset" ADD CONSTRAINT "dataset_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dataset_version" ADD CONSTRAINT "dataset_version_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dataset_sample" ADD CONSTRAINT "dataset_sample_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "dataset_version"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "export" ADD CONSTRAINT "export_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "export" ADD CONSTRAINT "export_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "dataset_version"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "export_file" ADD CONSTRAINT "export_file_export_id_fkey" FOREIGN KEY ("export_id") REFERENCES "export"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What follows is written by hand.

-- A stage is done once a run; a judge's question is asked once a judge run and round.
create unique index "task_job_id_run_stage_round_index_candidate_call_judge_run__key" on task
  (job_id, run, stage, round_index, candidate, call, judge_run_id) nulls not distinct;
alter table task add constraint task_judge_has_run check ((stage = 'JUDGE') = (judge_run_id is not null));
create index task_judge_run on task (judge_run_id, state) where judge_run_id is not null;
create index judge_run_running on judge_run (id) where status = 'RUNNING';

create index trajectory_human on trajectory (tenant_id) where has_human_critique;
create index trajectory_agreement on trajectory (tenant_id, agreement) where agreement is not null;
-- All that is small, for filters that none of the others serves: one pass over it reads a quarter of the table. What never
-- is null and has a fixed length comes first, because the rest of an entry takes longer to read.
create index trajectory_facts on trajectory (tenant_id, job_id) include (xid, epoch, seq, seconds, editor_seconds,
  created_at, finished_at, kind, status, stop_reason, rounds, thinker_tokens, has_human_critique, first_overall,
  best_overall, last_overall, gain, variance, best_index, agreement, editor, thinker);
create index dataset_version_building on dataset_version (id) where status = 'BUILDING';
create index export_unfinished on export (id) where status in ('QUEUED', 'RUNNING');
-- What critics said after a run's end, for reads of the past.
create index job_event_critique_added on job_event (epoch, xid, job_id, seq) where type = 'CRITIQUE_ADDED';
create index job_event_finished on job_event (tenant_id, epoch, xid, job_id, seq) where type = 'JOB_FINISHED';

-- How far a job's critics agree: of each round that has the overall scores of several, 1 - (highest - lowest) / 10, and
-- of those the mean. A critic who judged a round more than once counts with the mean of that. `up_to`: as it was when the
-- job's log went so far; null: now.
create function critic_feedback(wanted_job uuid, up_to int default null)
returns table (has_human_critique boolean, agreement float8)
language sql stable as $$
  with critic as (
    select r.id as round_id, avg(c.overall) as overall, bool_or(c.source = 'HUMAN') as is_human
    from round r join critique c on c.round_id = r.id
    where r.job_id = wanted_job and (up_to is null or exists (
      select 1 from job_event e where e.critique_id = c.id and e.seq <= up_to))
    group by r.id, c.source, c.by
  ), spread as (
    select 1 - (max(overall) - min(overall)) / 10 as agreement from critic
    where overall is not null
    group by round_id having count(*) > 1
  )
  select coalesce((select bool_or(is_human) from critic), false), (select avg(agreement) from spread)
$$;

-- What a trajectory derives from its job. `rule`: [maxRounds, select, stop] of its settings. `steps`: for each round by
-- index and candidate [index, candidate, hasPicture, isLive, semantic, quality, isSatisfied, refined, editorSeconds, tokens]; isLive: neither
-- failed nor canceled; refined: 0 no refined prompt, 1 the same as the round's, 2 another, -1 nothing could be read, null no
-- critique.
create view trajectory_summary as
select job.id as job_id, job.tenant_id, job.kind, job.status, job.stop_reason, job.editor, job.thinker, job.instruction,
  job.batch, job.tags, job.metadata, source.sha256 as source_sha256,
  coalesce(numbers.rounds, 0) as rounds, numbers.first_overall, numbers.best_overall, numbers.last_overall,
  numbers.best_overall - numbers.first_overall as gain, numbers.variance, best.index as best_index,
  greatest(coalesce(extract(epoch from job.finished_at - job.started_at), 0), 0)::float8 as seconds,
  job.editor_seconds, job.thinker_tokens,
  json_build_array(job.settings -> 'maxRounds', job.settings -> 'select', job.settings -> 'stop') as rule, steps.steps,
  job.created_at, job.finished_at
from job
left join image source on source.id = job.source_id
left join round best on best.id = job.best_round_id
cross join lateral (
  select max(index) as rounds, (array_agg(overall order by index))[1] as first_overall, max(overall) as best_overall,
    (array_agg(overall order by index desc))[1] as last_overall, var_pop(overall) as variance
  from (
    select r.index, max(c.overall) as overall
    from round r left join critique c on c.round_id = r.id and c.source = 'THINKER'
    where r.job_id = job.id and r.index > 0 and r.image_id is not null
    group by r.index) as scored
) as numbers
cross join lateral (
  select coalesce(json_agg(json_build_array(r.index, r.candidate, r.image_id is not null,
      r.status not in ('FAILED', 'CANCELED'), c.semantic, c.quality, c.is_satisfied,
      case when c.id is null then null when c.error_code is not null then -1
        when coalesce(btrim(c.refined_prompt), '') = '' then 0 when btrim(c.refined_prompt) = btrim(r.prompt) then 1
        else 2 end,
      r.editor_seconds, c.tokens) order by r.index, r.candidate), '[]') as steps
  from round r left join critique c on c.round_id = r.id and c.source = 'THINKER'
  where r.job_id = job.id
) as steps
where job.status in ('SUCCEEDED', 'FAILED', 'CANCELED');

-- In plpgsql, which keeps its plan: making it anew takes longer than the work.
create function write_trajectory(wanted_job uuid, at_epoch int, at_xid xid8, at_seq int) returns void language plpgsql as $$
begin
  insert into trajectory (job_id, tenant_id, epoch, xid, seq, kind, status, stop_reason, editor, thinker, instruction,
    batch, tags, metadata, source_sha256, rounds, first_overall, best_overall, last_overall, gain, variance, best_index,
    seconds, editor_seconds, thinker_tokens, has_human_critique, agreement, rule, steps, created_at, finished_at)
  select s.job_id, s.tenant_id, at_epoch, at_xid, at_seq, s.kind, s.status, s.stop_reason, s.editor, s.thinker,
    s.instruction, s.batch, s.tags, s.metadata, s.source_sha256, s.rounds, s.first_overall, s.best_overall,
    s.last_overall, s.gain, s.variance, s.best_index, s.seconds, s.editor_seconds, s.thinker_tokens,
    f.has_human_critique, f.agreement, s.rule, s.steps, s.created_at, s.finished_at
  from trajectory_summary s cross join lateral critic_feedback(s.job_id) f
  where s.job_id = wanted_job;
end $$;

-- The log drives it: whatever ends a job's run says so there, in the transaction that ends it.
create function follow_job_log() returns trigger language plpgsql as $$
begin
  if new.type = 'CRITIQUE_ADDED' then
    -- Of many at once the last tells of all: each costs a look at every critique of the job.
    if exists (select from job_event e where e.job_id = new.job_id and e.seq > new.seq and e.type = new.type) then
      return null;
    end if;
    update trajectory set has_human_critique = f.has_human_critique, agreement = f.agreement
    from critic_feedback(new.job_id) f where trajectory.job_id = new.job_id;
    return null;
  end if;
  delete from trajectory where job_id = new.job_id;
  if new.type = 'JOB_FINISHED' then
    perform write_trajectory(new.job_id, new.epoch, new.xid, new.seq);
  end if;
  return null;
end $$;
create trigger job_event_writes_trajectory after insert on job_event for each row
  when (new.type in ('JOB_FINISHED', 'JOB_RETRIED', 'CRITIQUE_ADDED')) execute function follow_job_log();

-- Jobs that ended before there were trajectories.
select write_trajectory(e.job_id, e.epoch, e.xid, e.seq)
from job join lateral (
  select * from job_event where job_id = job.id and type = 'JOB_FINISHED' order by seq desc limit 1) as e on true
where job.status in ('SUCCEEDED', 'FAILED', 'CANCELED');

alter table preference
  add constraint preference_names_its_rounds check ((kind = 'PAIR') = (rejected_round_id is not null)),
  add constraint preference_tie_is_of_two check (not is_tie or kind = 'PAIR'),
  add constraint preference_rounds_differ check (rejected_round_id is distinct from chosen_round_id);
alter table review_queue
  add constraint review_queue_reviews_wanted check (reviews_wanted between 1 and 20),
  add constraint review_queue_name_length check (char_length(name) between 1 and 200);
alter table review_item add constraint review_item_pair check ((round_a_id is null) = (round_b_id is null));
alter table review add constraint review_ends_once check ((status = 'CLAIMED') = (ended_at is null));
alter table judge_run
  add constraint judge_run_total check (total >= 0),
  add constraint judge_run_done_is_planned check (status <> 'DONE' or is_planned),
  add constraint judge_run_ends_once check ((status = 'RUNNING') = (finished_at is null));
alter table judge_answer add constraint judge_answer_or_error check (raw is not null or error_code is not null);
alter table dataset add constraint dataset_name_is_plain check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$');
alter table dataset_version
  add constraint dataset_version_counts check (number >= 1 and samples >= 0),
  add constraint dataset_version_ready_has_hash check (
    (status = 'READY') = (content_hash is not null) and (status = 'READY') = (ready_at is not null)),
  add constraint dataset_version_error_only_when_failed check ((status = 'FAILED') = (error_code is not null));
alter table export
  add constraint export_ends_once check ((status in ('DONE', 'FAILED', 'CANCELED')) = (finished_at is not null)),
  add constraint export_done_has_hash check ((status = 'DONE') = (content_hash is not null)),
  add constraint export_error_only_when_failed check ((status = 'FAILED') = (error_code is not null));
