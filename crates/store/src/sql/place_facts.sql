-- Gives pending runs their places: of the $1 oldest ones as many, whole, as it
-- takes to come to $2 facts; none of the companies $4. Each branch's runs follow its head in the order of
-- their outbox ids.
--
-- Rows are taken by being pending, never by id above a mark: lower ids commit
-- later. Two relays at once are safe: the second waits for the first's rows,
-- sees that they have their places, and takes what is left. Runs are locked in
-- the order of their ids, then heads in the order of theirs.
--
-- Written so that no guess of the planner's makes it read the whole log: rows
-- are looked up by arrays of ids.
WITH oldest AS MATERIALIZED (
    SELECT outbox_id, sum(facts) OVER (ORDER BY outbox_id) - facts AS before
    FROM (
        SELECT outbox_id, facts FROM outbox
        WHERE first_seq IS NULL AND tenant_id <> ALL ($4)
        ORDER BY outbox_id LIMIT $1
    ) pending
), taken AS MATERIALIZED (
    SELECT outbox_id, tenant_id, branch_id, facts FROM outbox
    WHERE outbox_id = ANY (ARRAY(SELECT outbox_id FROM oldest WHERE before < $2))
      AND first_seq IS NULL
    ORDER BY outbox_id
    FOR UPDATE
), heads AS MATERIALIZED (
    INSERT INTO fact_head (branch_id, tenant_id, last_seq)
    SELECT branch_id, min(tenant_id::text)::uuid, sum(facts) FROM taken
    GROUP BY branch_id ORDER BY branch_id
    ON CONFLICT (branch_id) DO UPDATE SET last_seq = fact_head.last_seq + EXCLUDED.last_seq
    RETURNING branch_id, last_seq
), numbered AS MATERIALIZED (
    SELECT taken.outbox_id,
           -- Counted back from the head: the branch's facts from this run on.
           heads.last_seq + 1 - sum(taken.facts)
               OVER (PARTITION BY branch_id ORDER BY taken.outbox_id DESC) AS first_seq
    FROM taken JOIN heads USING (branch_id)
), placed AS (
    UPDATE outbox SET first_seq = place.first_seq, placed_at = $3
    FROM unnest(
        ARRAY(SELECT outbox_id FROM numbered ORDER BY outbox_id),
        ARRAY(SELECT first_seq::bigint FROM numbered ORDER BY outbox_id)
    ) AS place (outbox_id, first_seq)
    WHERE outbox.outbox_id = place.outbox_id AND outbox.first_seq IS NULL
    RETURNING facts
)
SELECT (SELECT count(*) FROM taken) AS "taken!", (SELECT count(*) FROM placed) AS "placed!",
       (SELECT COALESCE(sum(facts), 0) FROM placed) AS "facts!"
