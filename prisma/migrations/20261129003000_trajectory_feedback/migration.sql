-- Feedback that was being written while has_feedback was added went by the trigger of before, which does not set it: such
-- a trajectory would be read from a line that knows nothing of it. The lock waits for whoever still writes so.
lock table trajectory in share row exclusive mode;

update trajectory set has_feedback = true
where not has_feedback and job_id in (
  select r.job_id from critique c join round r on r.id = c.round_id where c.source <> 'THINKER');
