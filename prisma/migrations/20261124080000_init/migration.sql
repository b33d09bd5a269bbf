-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "role" AS ENUM ('READ', 'WRITE', 'ADMIN', 'OPERATOR');

-- CreateEnum
CREATE TYPE "image_status" AS ENUM ('PENDING', 'READY');

-- CreateEnum
CREATE TYPE "upload_status" AS ENUM ('OPEN', 'COMPLETED');

-- CreateEnum
CREATE TYPE "job_kind" AS ENUM ('EDIT', 'GENERATE', 'FILL');

-- CreateEnum
CREATE TYPE "job_status" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED');

-- CreateEnum
CREATE TYPE "stop_reason" AS ENUM ('SATISFIED', 'MAX_ROUNDS', 'PATIENCE', 'BUDGET', 'DEADLINE', 'NO_REFINEMENT', 'CANCELED', 'FAILED');

-- CreateEnum
CREATE TYPE "round_status" AS ENUM ('PENDING', 'EDITED', 'CRITIQUED', 'FAILED', 'CANCELED');

-- CreateEnum
CREATE TYPE "prompt_source" AS ENUM ('INSTRUCTION', 'POLISHED', 'REFINED', 'USER');

-- CreateEnum
CREATE TYPE "critique_source" AS ENUM ('THINKER', 'JUDGE', 'HUMAN');

-- CreateEnum
CREATE TYPE "job_event_type" AS ENUM ('JOB_QUEUED', 'JOB_STARTED', 'ROUND_STARTED', 'ROUND_EDITED', 'ROUND_CRITIQUED', 'ROUND_FAILED', 'STAGE_RETRYING', 'JOB_CANCEL_REQUESTED', 'JOB_FINISHED', 'JOB_RETRIED', 'JOB_FORKED', 'CRITIQUE_ADDED');

-- CreateEnum
CREATE TYPE "stage" AS ENUM ('POLISH', 'EDIT', 'THINK', 'JUDGE');

-- CreateEnum
CREATE TYPE "task_state" AS ENUM ('READY', 'DELAYED', 'LEASED', 'DONE', 'DEAD', 'CANCELED');

-- CreateEnum
CREATE TYPE "model_kind" AS ENUM ('EDITOR', 'GENERATOR', 'FILLER', 'THINKER');

-- CreateEnum
CREATE TYPE "endpoint_health" AS ENUM ('HEALTHY', 'UNHEALTHY', 'UNKNOWN');

-- CreateTable
CREATE TABLE "tenant" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "weight" DOUBLE PRECISION NOT NULL DEFAULT 1,
    "quotas" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "role" "role" NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "image" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "status" "image_status" NOT NULL DEFAULT 'PENDING',
    "sha256" TEXT NOT NULL,
    "original_sha256" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,
    "byte_size" BIGINT NOT NULL,
    "object_key" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "touched_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "image_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "upload" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "status" "upload_status" NOT NULL DEFAULT 'OPEN',
    "content_type" TEXT NOT NULL,
    "byte_size" BIGINT NOT NULL,
    "sha256" TEXT,
    "object_key" TEXT NOT NULL,
    "image_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "upload_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "kind" "job_kind" NOT NULL DEFAULT 'EDIT',
    "status" "job_status" NOT NULL DEFAULT 'QUEUED',
    "stop_reason" "stop_reason",
    "instruction" TEXT NOT NULL,
    "source_id" UUID,
    "mask_id" UUID,
    "editor" TEXT NOT NULL,
    "thinker" TEXT,
    "settings" JSONB NOT NULL,
    "base_seed" INTEGER NOT NULL,
    "forked_from_id" UUID,
    "priority" SMALLINT NOT NULL DEFAULT 0,
    "batch" TEXT,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "metadata" JSONB,
    "idempotency_key" TEXT,
    "input_hash" TEXT NOT NULL,
    "run" INTEGER NOT NULL DEFAULT 1,
    "event_seq" INTEGER NOT NULL DEFAULT 0,
    "cancel_requested_at" TIMESTAMPTZ(3),
    "stopping_for" "stop_reason",
    "deadline_at" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_message" TEXT,
    "error_is_retryable" BOOLEAN,
    "best_round_id" UUID,
    "editor_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "thinker_tokens" INTEGER NOT NULL DEFAULT 0,
    "run_editor_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "run_thinker_tokens" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job_reference" (
    "job_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "image_id" UUID NOT NULL,

    CONSTRAINT "job_reference_pkey" PRIMARY KEY ("job_id","position")
);

-- CreateTable
CREATE TABLE "round" (
    "id" UUID NOT NULL,
    "job_id" UUID NOT NULL,
    "index" INTEGER NOT NULL,
    "candidate" INTEGER NOT NULL DEFAULT 0,
    "parent_id" UUID,
    "status" "round_status" NOT NULL DEFAULT 'PENDING',
    "editor" TEXT NOT NULL,
    "prompt" TEXT NOT NULL,
    "prompt_source" "prompt_source" NOT NULL,
    "seed" INTEGER,
    "base_image_id" UUID,
    "image_id" UUID,
    "is_satisfied" BOOLEAN,
    "editor_seconds" DOUBLE PRECISION,
    "error_code" TEXT,
    "error_message" TEXT,
    "error_is_retryable" BOOLEAN,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "edited_at" TIMESTAMPTZ(3),

    CONSTRAINT "round_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "critique" (
    "id" UUID NOT NULL,
    "round_id" UUID NOT NULL,
    "source" "critique_source" NOT NULL,
    "by" TEXT NOT NULL,
    "semantic" DOUBLE PRECISION,
    "quality" DOUBLE PRECISION,
    "overall" DOUBLE PRECISION,
    "is_satisfied" BOOLEAN,
    "error_code" TEXT,
    "reasoning" TEXT,
    "refined_prompt" TEXT,
    "tokens" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "critique_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job_event" (
    "job_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "tenant_id" UUID NOT NULL,
    "epoch" INTEGER NOT NULL,
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "type" "job_event_type" NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "run" INTEGER NOT NULL,
    "round_id" UUID,
    "critique_id" UUID,
    "status" "job_status",
    "stop_reason" "stop_reason",
    "stage" "stage",
    "code" TEXT,
    "message" TEXT,
    "is_retryable" BOOLEAN,
    "retry_at" TIMESTAMPTZ(3),
    "fork_id" UUID,

    CONSTRAINT "job_event_pkey" PRIMARY KEY ("job_id","seq")
);

-- CreateTable
CREATE TABLE "event_log" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "epoch" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "event_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "job_id" UUID NOT NULL,
    "run" INTEGER NOT NULL,
    "stage" "stage" NOT NULL,
    "round_index" INTEGER NOT NULL,
    "candidate" INTEGER NOT NULL DEFAULT 0,
    "call" INTEGER NOT NULL DEFAULT 1,
    "round_id" UUID,
    "queue" TEXT NOT NULL,
    "state" "task_state" NOT NULL DEFAULT 'READY',
    "priority" SMALLINT NOT NULL DEFAULT 0,
    "boost" SMALLINT NOT NULL DEFAULT 0,
    "is_first" BOOLEAN NOT NULL DEFAULT false,
    "run_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "token" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "owner" UUID,
    "endpoint_id" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "is_abort_asked" BOOLEAN NOT NULL DEFAULT false,
    "first_claimed_at" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "task_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempt" (
    "task_id" UUID NOT NULL,
    "token" INTEGER NOT NULL,
    "worker_id" UUID NOT NULL,
    "endpoint_id" UUID,
    "outcome" TEXT,
    "error_code" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("task_id","token")
);

-- CreateTable
CREATE TABLE "tenant_clock" (
    "queue" TEXT NOT NULL,
    "tenant_id" UUID NOT NULL,
    "v" DOUBLE PRECISION NOT NULL DEFAULT 0,

    CONSTRAINT "tenant_clock_pkey" PRIMARY KEY ("queue","tenant_id")
);

-- CreateTable
CREATE TABLE "queue_clock" (
    "queue" TEXT NOT NULL,
    "v" DOUBLE PRECISION NOT NULL DEFAULT 0,

    CONSTRAINT "queue_clock_pkey" PRIMARY KEY ("queue")
);

-- CreateTable
CREATE TABLE "model" (
    "id" TEXT NOT NULL,
    "kinds" "model_kind"[],
    "parameters" JSONB NOT NULL DEFAULT '[]',
    "position" INTEGER NOT NULL DEFAULT 0,
    "registered_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "model_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "worker" (
    "id" UUID NOT NULL,
    "host" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "slots" INTEGER NOT NULL DEFAULT 0,
    "models" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "is_draining" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "worker_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "endpoint" (
    "id" UUID NOT NULL,
    "model_id" TEXT NOT NULL,
    "engine" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "capacity" INTEGER NOT NULL,
    "health" "endpoint_health" NOT NULL DEFAULT 'UNKNOWN',
    "in_flight" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "median_seconds" DOUBLE PRECISION,
    "worker_id" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "free_since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "endpoint_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "setting" (
    "name" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "setting_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE UNIQUE INDEX "tenant_name_key" ON "tenant"("name");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_hash_key" ON "api_key"("hash");

-- CreateIndex
CREATE INDEX "api_key_tenant_id_idx" ON "api_key"("tenant_id");

-- CreateIndex
CREATE INDEX "image_tenant_id_original_sha256_idx" ON "image"("tenant_id", "original_sha256");

-- CreateIndex
CREATE INDEX "image_touched_at_idx" ON "image"("touched_at");

-- CreateIndex
CREATE UNIQUE INDEX "image_tenant_id_sha256_key" ON "image"("tenant_id", "sha256");

-- CreateIndex
CREATE INDEX "upload_tenant_id_idx" ON "upload"("tenant_id");

-- CreateIndex
CREATE INDEX "upload_image_id_idx" ON "upload"("image_id");

-- CreateIndex
CREATE INDEX "upload_expires_at_idx" ON "upload"("expires_at");

-- CreateIndex
CREATE INDEX "job_tenant_id_id_idx" ON "job"("tenant_id", "id" DESC);

-- CreateIndex
CREATE INDEX "job_tenant_id_status_id_idx" ON "job"("tenant_id", "status", "id" DESC);

-- CreateIndex
CREATE INDEX "job_tenant_id_batch_id_idx" ON "job"("tenant_id", "batch", "id" DESC);

-- CreateIndex
CREATE INDEX "job_tenant_id_finished_at_id_idx" ON "job"("tenant_id", "finished_at", "id");

-- CreateIndex
CREATE INDEX "job_source_id_idx" ON "job"("source_id");

-- CreateIndex
CREATE INDEX "job_mask_id_idx" ON "job"("mask_id");

-- CreateIndex
CREATE INDEX "job_forked_from_id_idx" ON "job"("forked_from_id");

-- CreateIndex
CREATE INDEX "job_best_round_id_idx" ON "job"("best_round_id");

-- CreateIndex
CREATE UNIQUE INDEX "job_tenant_id_idempotency_key_key" ON "job"("tenant_id", "idempotency_key");

-- CreateIndex
CREATE INDEX "job_reference_image_id_idx" ON "job_reference"("image_id");

-- CreateIndex
CREATE INDEX "round_parent_id_idx" ON "round"("parent_id");

-- CreateIndex
CREATE INDEX "round_image_id_idx" ON "round"("image_id");

-- CreateIndex
CREATE INDEX "round_base_image_id_idx" ON "round"("base_image_id");

-- CreateIndex
CREATE UNIQUE INDEX "round_job_id_index_candidate_key" ON "round"("job_id", "index", "candidate");

-- CreateIndex
CREATE INDEX "critique_round_id_created_at_idx" ON "critique"("round_id", "created_at");

-- CreateIndex
CREATE INDEX "job_event_tenant_id_epoch_xid_job_id_seq_idx" ON "job_event"("tenant_id", "epoch", "xid", "job_id", "seq");

-- CreateIndex
CREATE INDEX "job_event_round_id_idx" ON "job_event"("round_id");

-- CreateIndex
CREATE INDEX "job_event_critique_id_idx" ON "job_event"("critique_id");

-- CreateIndex
CREATE INDEX "task_round_id_idx" ON "task"("round_id");

-- CreateIndex
CREATE UNIQUE INDEX "task_job_id_run_stage_round_index_candidate_call_key" ON "task"("job_id", "run", "stage", "round_index", "candidate", "call");

-- CreateIndex
CREATE INDEX "tenant_clock_tenant_id_idx" ON "tenant_clock"("tenant_id");

-- CreateIndex
CREATE INDEX "endpoint_worker_id_idx" ON "endpoint"("worker_id");

-- CreateIndex
CREATE UNIQUE INDEX "endpoint_model_id_url_key" ON "endpoint"("model_id", "url");

-- AddForeignKey
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "image" ADD CONSTRAINT "image_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "upload" ADD CONSTRAINT "upload_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "upload" ADD CONSTRAINT "upload_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "image"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job" ADD CONSTRAINT "job_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job" ADD CONSTRAINT "job_source_id_fkey" FOREIGN KEY ("source_id") REFERENCES "image"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job" ADD CONSTRAINT "job_mask_id_fkey" FOREIGN KEY ("mask_id") REFERENCES "image"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job" ADD CONSTRAINT "job_forked_from_id_fkey" FOREIGN KEY ("forked_from_id") REFERENCES "round"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job" ADD CONSTRAINT "job_best_round_id_fkey" FOREIGN KEY ("best_round_id") REFERENCES "round"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_reference" ADD CONSTRAINT "job_reference_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_reference" ADD CONSTRAINT "job_reference_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "image"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "round" ADD CONSTRAINT "round_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "round" ADD CONSTRAINT "round_parent_id_fkey" FOREIGN KEY ("parent_id") REFERENCES "round"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "round" ADD CONSTRAINT "round_base_image_id_fkey" FOREIGN KEY ("base_image_id") REFERENCES "image"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "round" ADD CONSTRAINT "round_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "image"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "critique" ADD CONSTRAINT "critique_round_id_fkey" FOREIGN KEY ("round_id") REFERENCES "round"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_event" ADD CONSTRAINT "job_event_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_event" ADD CONSTRAINT "job_event_round_id_fkey" FOREIGN KEY ("round_id") REFERENCES "round"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_event" ADD CONSTRAINT "job_event_critique_id_fkey" FOREIGN KEY ("critique_id") REFERENCES "critique"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task" ADD CONSTRAINT "task_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task" ADD CONSTRAINT "task_round_id_fkey" FOREIGN KEY ("round_id") REFERENCES "round"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tenant_clock" ADD CONSTRAINT "tenant_clock_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "endpoint" ADD CONSTRAINT "endpoint_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "endpoint" ADD CONSTRAINT "endpoint_worker_id_fkey" FOREIGN KEY ("worker_id") REFERENCES "worker"("id") ON DELETE SET NULL ON UPDATE CASCADE;


-- What follows is written by hand: checks and partial indexes, which Prisma's schema cannot say.

alter table tenant
  add constraint tenant_name_is_plain check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  add constraint tenant_weight_is_positive check (weight > 0);

alter table image
  add constraint image_has_size check (width > 0 and height > 0 and byte_size > 0),
  add constraint image_hash_is_hex check (sha256 ~ '^[0-9a-f]{64}$' and original_sha256 ~ '^[0-9a-f]{64}$');

alter table job
  add constraint job_instruction_length check (char_length(instruction) between 1 and 8000),
  add constraint job_priority_range check (priority between -100 and 100),
  add constraint job_counts check (run >= 1 and event_seq >= 0 and editor_seconds >= 0 and thinker_tokens >= 0),
  add constraint job_kind_has_images check (
    (kind = 'EDIT' and source_id is not null and mask_id is null)
    or (kind = 'GENERATE' and source_id is null and mask_id is null)
    or (kind = 'FILL' and source_id is not null and mask_id is not null)),
  add constraint job_ends_once check (
    (status in ('QUEUED', 'RUNNING') and finished_at is null and stop_reason is null)
    or (status in ('SUCCEEDED', 'FAILED', 'CANCELED') and finished_at is not null and stop_reason is not null)),
  add constraint job_stop_reason_fits check (
    stop_reason is null
    or (status = 'CANCELED' and stop_reason = 'CANCELED')
    or (status = 'FAILED' and stop_reason in ('FAILED', 'BUDGET', 'DEADLINE'))
    or (status = 'SUCCEEDED' and stop_reason in ('SATISFIED', 'NO_REFINEMENT', 'PATIENCE', 'BUDGET', 'DEADLINE', 'MAX_ROUNDS'))),
  add constraint job_stopping_is_asked check (
    stopping_for is null or (stopping_for in ('CANCELED', 'DEADLINE') and cancel_requested_at is not null)),
  add constraint job_error_only_when_failed check ((status = 'FAILED') = (error_code is not null));

alter table round
  add constraint round_index_range check (index between 0 and 20 and candidate between 0 and 7),
  add constraint round_prompt_given check (index = 0 or prompt <> ''),
  add constraint round_seed_given check (index = 0 or seed is not null),
  add constraint round_picture_given check (status not in ('EDITED', 'CRITIQUED') or image_id is not null),
  add constraint round_error_only_when_failed check ((status = 'FAILED') = (error_code is not null));

alter table critique
  add constraint critique_score_range check (semantic between 0 and 10 and quality between 0 and 10),
  add constraint critique_overall_needs_both check ((overall is null) = (semantic is null or quality is null)),
  add constraint critique_unreadable_has_no_scores check (
    error_code is null or (semantic is null and quality is null and is_satisfied is null));
create unique index critique_one_thinker_a_round on critique (round_id) where source = 'THINKER';

alter table job_event add constraint job_event_seq_starts_at_one check (seq >= 1);
create unique index job_event_started_once_a_run on job_event (job_id, run) where type = 'JOB_STARTED';
create unique index job_event_finished_once_a_run on job_event (job_id, run) where type = 'JOB_FINISHED';
create unique index job_event_round_started_once_a_run on job_event (job_id, run, round_id) where type = 'ROUND_STARTED';

alter table task
  add constraint task_counts check (run >= 1 and call >= 1 and token >= 0 and failures >= 0 and crashes >= 0),
  add constraint task_lease_has_owner check (state <> 'LEASED' or (owner is not null and lease_until is not null)),
  add constraint task_ends_once check ((state in ('DONE', 'DEAD', 'CANCELED')) = (ended_at is not null));
create index task_ready on task (queue, tenant_id, priority desc, round_index desc, job_id, candidate) where state = 'READY';
create index task_ready_boosted on task (queue, boost desc, job_id) where state = 'READY' and boost > 0;
create index task_ready_first on task (queue, tenant_id, priority desc, job_id) where state = 'READY' and is_first;
create index task_submitted on task (queue, created_at) where is_first;
create index task_delayed on task (run_at) where state = 'DELAYED';
create index task_leased on task (lease_until) where state = 'LEASED';
create index task_leased_by_owner on task (owner) where state = 'LEASED';
create index job_deadline on job (deadline_at) where deadline_at is not null and status in ('QUEUED', 'RUNNING');
alter table task set (autovacuum_vacuum_scale_factor = 0.02);

alter table event_log add constraint event_log_one_row check (id = 1);
insert into event_log (id, epoch) values (1, 1);

insert into tenant (id, name) values (gen_random_uuid(), 'default');
