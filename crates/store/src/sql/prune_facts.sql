-- Removes the oldest runs of branch $1 that got their place before $2, at most
-- $3. Only what is published to its end, nothing after a run that stays, and not
-- the newest run, so that the books can tell that nothing is missing.
WITH oldest AS (
    SELECT first_seq, placed_at FROM outbox
    WHERE branch_id = $1
      AND first_seq <= (
          SELECT LEAST(published_seq, last_seq - 1) FROM fact_head WHERE branch_id = $1
      )
      AND first_seq + facts - 1 <= (
          SELECT LEAST(published_seq, last_seq - 1) FROM fact_head WHERE branch_id = $1
      )
    ORDER BY first_seq LIMIT $3
), gone AS (
    DELETE FROM outbox
    WHERE branch_id = $1
      AND first_seq <= (SELECT max(first_seq) FROM oldest WHERE placed_at < $2)
      AND first_seq < COALESCE(
          (SELECT min(first_seq) FROM oldest WHERE placed_at >= $2), 9223372036854775807)
    RETURNING facts
)
SELECT count(*) AS "runs!", COALESCE(sum(facts), 0) AS "facts!" FROM gone
