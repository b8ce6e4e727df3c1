-- Commands and decided requests that do not say the same of each other, unless
-- somebody was told.
WITH told AS (
    SELECT DISTINCT edge_id, entry_seq FROM exception WHERE kind = 'VOID_MISMATCH'
),
checked AS (
    SELECT
        'command ' || COALESCE(c.command_id, v.command_id) || ' '
        || CASE
            WHEN c.command_id IS NULL THEN 'decided a request but is not in the books'
            WHEN c.state = 'CARRIED_OUT' AND v.command_id IS NULL
                THEN 'was carried out and decided nothing'
            WHEN c.state <> 'CARRIED_OUT' AND v.command_id IS NOT NULL
                THEN 'is ' || c.state || ' and decided a request'
            WHEN v.void_request_id <> c.void_request_id THEN 'decided another request than its own'
            WHEN v.branch_id <> c.branch_id THEN 'decided a request of another branch'
            WHEN v.status <> CASE c.decision WHEN 'APPROVE' THEN 'APPROVED' ELSE 'REJECTED' END
                THEN 'says ' || c.decision || ', its request is ' || v.status
        END AS offender
    FROM edge_command c
    FULL JOIN void_request v ON v.command_id = c.command_id
    LEFT JOIN told t ON t.edge_id = c.edge_id AND t.entry_seq = c.entry_seq
    WHERE (c.command_id IS NOT NULL AND t.entry_seq IS NULL)
        OR (
            c.command_id IS NULL AND v.command_id IS NOT NULL
            -- The entry that decided it said so of a command that nobody knows.
            AND v.sale_id NOT IN (
                SELECT sale_id FROM exception
                WHERE kind = 'VOID_MISMATCH' AND sale_id IS NOT NULL
            )
        )
)
SELECT offender AS "offender!", count(*) OVER () AS "total!"
FROM checked
WHERE offender IS NOT NULL
ORDER BY 1
LIMIT $1
