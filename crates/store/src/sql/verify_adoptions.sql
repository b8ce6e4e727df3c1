-- Sessions and orders that were adopted by an entry that says nothing of it, or that
-- somebody else than their keeper closed; and entries that were imported though the
-- books have them, or twice.
WITH keeper AS (
    SELECT DISTINCT ON (a.subject_id) a.subject_id, a.what, a.branch_id, a.edge_id, d.epoch
    FROM adopted a
    JOIN edge d ON d.edge_id = a.edge_id
    ORDER BY a.subject_id, d.epoch DESC
),
-- Only an edge that follows another one imports.
imported AS (
    SELECT
        e.edge_id,
        e.seq,
        (p.origin ->> 'edge_id')::uuid AS from_edge,
        (p.origin ->> 'seq')::bigint AS from_seq,
        p.origin ->> 'hash' AS from_hash
    FROM edge_entry e
    CROSS JOIN LATERAL (
        SELECT convert_from(e.payload, 'UTF8')::jsonb -> 'imported_from' AS origin
    ) p
    WHERE e.edge_id IN (SELECT edge_id FROM edge WHERE kind = 'STORE' AND epoch > 1)
        AND position('"imported_from"'::bytea IN e.payload) > 0
        AND p.origin IS NOT NULL
),
checked AS (
    SELECT
        lower(a.what) || ' ' || a.subject_id AS what,
        CASE
            WHEN e.seq IS NULL THEN 'is kept by an edge whose journal does not say that it adopted it'
            WHEN d.branch_id <> a.branch_id THEN 'is kept by an edge of another store'
            WHEN a.what = 'SESSION' AND c.cash_session_id IS NULL
                OR a.what = 'ORDER' AND o.order_id IS NULL
                THEN 'is adopted and not in the books'
        END AS wrong
    FROM adopted a
    JOIN edge d ON d.edge_id = a.edge_id
    LEFT JOIN edge_entry e
        ON e.edge_id = a.edge_id AND e.seq = a.entry_seq AND e.kind = 'edge.adopted'
    LEFT JOIN cash_session c
        ON c.cash_session_id = a.subject_id AND c.branch_id = a.branch_id AND a.what = 'SESSION'
    LEFT JOIN sale_order o
        ON o.order_id = a.subject_id AND o.branch_id = a.branch_id AND a.what = 'ORDER'
    UNION ALL
    SELECT
        'cash session ' || k.subject_id,
        'was closed by edge ' || z.edge_id || ', and edge ' || k.edge_id || ' keeps it'
    FROM keeper k
    JOIN z_report z ON z.cash_session_id = k.subject_id
    WHERE k.what = 'SESSION' AND z.edge_id <> k.edge_id
    UNION ALL
    SELECT
        'entry ' || i.edge_id || ':' || i.seq,
        'was imported from entry ' || i.from_edge || ':' || i.from_seq
        || ', which the books have from its own journal'
    FROM imported i
    JOIN edge_entry e
        ON e.edge_id = i.from_edge AND e.seq = i.from_seq AND encode(e.hash, 'hex') = i.from_hash
    UNION ALL
    SELECT
        'entry ' || min(i.from_edge::text) || ':' || min(i.from_seq),
        'was imported ' || count(*) || ' times'
    FROM imported i
    GROUP BY i.from_edge, i.from_seq, i.from_hash
    HAVING count(*) > 1
)
SELECT what || ' ' || wrong AS "offender!", count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL
ORDER BY 1
LIMIT $1
