-- What waits up to a mark: outbox id, queue id, fact_seq of each branch; or, if
-- $5, everything that waits.
SELECT
    (
        SELECT COALESCE(sum(facts), 0)
        FROM outbox
        WHERE first_seq IS NULL AND outbox_id <= $1
    ) AS "outbox!",
    (SELECT count(*) FROM numbering_queue WHERE queue_id <= $2) AS "numbering!",
    (
        SELECT count(*)
        FROM numbering_queue q
        JOIN numbering_head h ON h.tenant_id = q.tenant_id
        JOIN invoice_series s ON s.tenant_id = q.tenant_id AND s.revision = h.revision
            AND s.state = 'FROZEN' AND (s.branch_id IS NULL OR s.branch_id = q.branch_id)
        WHERE q.queue_id <= $2
    ) AS "frozen!",
    (
        SELECT COALESCE(sum(GREATEST(
            CASE WHEN $5 THEN h.last_seq ELSE COALESCE(m.fact_seq, 0) END - h.published_seq, 0
        )), 0)::bigint
        FROM fact_head h
        LEFT JOIN unnest($3::uuid[], $4::bigint[]) AS m (branch_id, fact_seq)
            ON m.branch_id = h.branch_id
    ) AS "unpublished!"
