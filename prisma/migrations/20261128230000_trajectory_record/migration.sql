-- AlterTable
ALTER TABLE "trajectory" ADD COLUMN     "has_feedback" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "trajectory_record" (
    "job_id" UUID NOT NULL,
    "json" TEXT NOT NULL,

    CONSTRAINT "trajectory_record_pkey" PRIMARY KEY ("job_id")
);

-- AddForeignKey
ALTER TABLE "trajectory_record" ADD CONSTRAINT "trajectory_record_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "trajectory"("job_id") ON DELETE CASCADE ON UPDATE CASCADE;

create function has_feedback(wanted_job uuid) returns boolean language sql stable as $$
  select exists (
    select from round r join critique c on c.round_id = r.id where r.job_id = wanted_job and c.source <> 'THINKER')
$$;

update trajectory set has_feedback = true where has_feedback(job_id);

create or replace function write_trajectory(wanted_job uuid, at_epoch int, at_xid xid8, at_seq int) returns void language plpgsql as $$
begin
  insert into trajectory (job_id, tenant_id, epoch, xid, seq, kind, status, stop_reason, editor, thinker, instruction,
    batch, tags, metadata, source_sha256, rounds, first_overall, best_overall, last_overall, gain, variance, best_index,
    seconds, editor_seconds, thinker_tokens, has_human_critique, agreement, has_feedback, rule, steps, created_at,
    finished_at)
  select s.job_id, s.tenant_id, at_epoch, at_xid, at_seq, s.kind, s.status, s.stop_reason, s.editor, s.thinker,
    s.instruction, s.batch, s.tags, s.metadata, s.source_sha256, s.rounds, s.first_overall, s.best_overall,
    s.last_overall, s.gain, s.variance, s.best_index, s.seconds, s.editor_seconds, s.thinker_tokens,
    f.has_human_critique, f.agreement, has_feedback(s.job_id), s.rule, s.steps, s.created_at, s.finished_at
  from trajectory_summary s cross join lateral critic_feedback(s.job_id) f
  where s.job_id = wanted_job;
end $$;

create or replace function follow_job_log() returns trigger language plpgsql as $$
begin
  if new.type = 'CRITIQUE_ADDED' then
    -- Of many at once the last tells of all: each costs a look at every critique of the job.
    if exists (select from job_event e where e.job_id = new.job_id and e.seq > new.seq and e.type = new.type) then
      return null;
    end if;
    update trajectory set has_human_critique = f.has_human_critique, agreement = f.agreement, has_feedback = true
    from critic_feedback(new.job_id) f where trajectory.job_id = new.job_id;
    return null;
  end if;
  delete from trajectory where job_id = new.job_id;
  if new.type = 'JOB_FINISHED' then
    perform write_trajectory(new.job_id, new.epoch, new.xid, new.seq);
  end if;
  return null;
end $$;
