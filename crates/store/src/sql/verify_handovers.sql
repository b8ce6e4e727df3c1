-- Orders of the direct door that were not handed over where the store has an edge,
-- and handed ones that do not stand as the edge's journal says.
WITH moved AS MATERIALIZED (
    SELECT e.edge_id, e.seq, e.payload
    FROM edge_entry e
    LEFT JOIN quarantine q
        ON q.edge_id = e.edge_id AND q.seq = e.seq AND q.state <> 'RELEASED'
    LEFT JOIN exception x
        ON x.edge_id = e.edge_id AND x.entry_seq = e.seq AND x.kind = 'ORDER_MOVE_REFUSED'
    WHERE e.kind = 'order.status_changed'
        AND e.edge_id IN (
            SELECT edge_id FROM order_handover WHERE edge_id IS NOT NULL
            UNION
            SELECT edge_id FROM adopted WHERE what = 'ORDER'
        )
        AND q.seq IS NULL
        AND x.entry_seq IS NULL
),
step AS (
    SELECT m.edge_id, m.seq, (p.body ->> 'order_id')::uuid AS order_id, p.body ->> 'to' AS status
    FROM moved m
    CROSS JOIN LATERAL (SELECT convert_from(m.payload, 'UTF8')::jsonb AS body) p
),
newest AS (
    SELECT DISTINCT ON (h.order_id) h.order_id, s.status
    FROM order_handover h
    -- Whoever accepted it moves it, or a box that replaced that one.
    JOIN step s
        ON s.order_id = h.order_id AND (s.edge_id <> h.edge_id OR s.seq > h.entry_seq)
    JOIN edge d ON d.edge_id = s.edge_id
    ORDER BY h.order_id, d.epoch DESC, s.seq DESC
),
checked AS (
    SELECT
        'order ' || o.order_id AS what,
        'was sold at the door of a store with an edge and is not handed over to it' AS wrong
    FROM sale s
    JOIN edge d ON d.edge_id = s.edge_id AND d.kind = 'DIRECT'
    JOIN edge store
        ON store.branch_id = s.branch_id AND store.kind = 'STORE' AND store.state = 'ACTIVE'
    JOIN sale_order o ON o.sale_id = s.sale_id
    LEFT JOIN order_handover h ON h.order_id = o.order_id
    WHERE s.entry_seq > store.door_seq AND h.order_id IS NULL
    UNION ALL
    SELECT
        'order ' || h.order_id,
        CASE
            WHEN o.order_id IS NULL THEN 'is handed over and not in the books'
            WHEN o.sale_id <> h.sale_id OR o.branch_id <> h.branch_id
                THEN 'is handed over as the order of another sale or store'
            WHEN s.edge_id <> h.sale_edge_id OR s.entry_seq <> h.sale_entry_seq
                THEN 'is handed over by another entry than its sale''s'
            WHEN h.state = 'ACCEPTED' AND e.seq IS NULL
                THEN 'is accepted by an entry that is not in the archive'
            WHEN o.status <> COALESCE(n.status, 'IN_PREP')
                THEN 'is ' || o.status || ' where its journal says '
                    || COALESCE(n.status, 'IN_PREP')
        END
    FROM order_handover h
    LEFT JOIN sale_order o ON o.order_id = h.order_id
    LEFT JOIN sale s ON s.sale_id = h.sale_id
    LEFT JOIN edge_entry e
        ON e.edge_id = h.edge_id AND e.seq = h.entry_seq AND e.kind = 'order.accepted'
    LEFT JOIN newest n ON n.order_id = h.order_id
)
SELECT what || ' ' || wrong AS "offender!", count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL
ORDER BY 1
LIMIT $1
