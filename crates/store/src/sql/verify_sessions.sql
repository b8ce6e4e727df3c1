-- Sessions and Z reports that do not belong together, Z reports that do not add up
-- by themselves or are not the entry that closed the session, and sums that are
-- not those of the books without anybody having been told. What came after the
-- close in its journal is no part of it.
WITH z AS (
    SELECT
        r.*,
        convert_from(r.body, 'UTF8')::jsonb AS said
    FROM z_report r
),
drawer AS (
    SELECT
        z.cash_session_id,
        d ->> 'currency' AS currency,
        (d ->> 'opening_float')::numeric AS opening_float,
        (d ->> 'sales')::numeric AS sales,
        (d ->> 'refunds')::numeric AS refunds,
        (d ->> 'paid_in')::numeric AS paid_in,
        (d ->> 'paid_out')::numeric AS paid_out,
        (d ->> 'expected')::numeric AS expected,
        CASE d ->> 'currency' WHEN 'USD' THEN z.counted_usd ELSE z.counted_khr END AS counted,
        CASE d ->> 'currency' WHEN 'USD' THEN z.difference_usd ELSE z.difference_khr END
            AS difference
    FROM z
    CROSS JOIN LATERAL jsonb_array_elements(z.said -> 'z' -> 'drawers') AS d
),
moved AS (
    SELECT
        m.cash_session_id,
        m.currency,
        COALESCE(sum(m.amount) FILTER (WHERE m.kind = 'SALE_CASH'), 0) AS sales,
        COALESCE(-sum(m.amount) FILTER (WHERE m.kind = 'REFUND_CASH'), 0) AS refunds,
        COALESCE(sum(m.amount) FILTER (WHERE m.kind = 'PAID_IN'), 0) AS paid_in,
        COALESCE(-sum(m.amount) FILTER (WHERE m.kind = 'PAID_OUT'), 0) AS paid_out
    FROM cash_movement m
    JOIN z_report z ON z.cash_session_id = m.cash_session_id AND z.branch_id = m.branch_id
    LEFT JOIN sale s ON s.sale_id = m.sale_id AND m.kind = 'SALE_CASH'
    JOIN edge ours ON ours.edge_id = COALESCE(m.edge_id, s.edge_id)
    JOIN edge theirs ON theirs.edge_id = z.edge_id
    WHERE CASE
        WHEN ours.edge_id = theirs.edge_id THEN COALESCE(m.entry_seq, s.entry_seq) < z.entry_seq
        -- What the box that followed imported came after the close.
        ELSE ours.kind <> theirs.kind OR ours.epoch < theirs.epoch
    END
    GROUP BY m.cash_session_id, m.currency
),
sold AS (
    SELECT
        s.cash_session_id,
        count(*) AS sales,
        sum(s.grand_total_usd) AS sales_usd,
        sum(s.vat_usd) AS vat_usd,
        count(*) FILTER (WHERE s.status = 'VOIDED') AS voids,
        COALESCE(sum(s.grand_total_usd) FILTER (WHERE s.status = 'VOIDED'), 0) AS voids_usd
    FROM sale s
    JOIN z_report z ON z.cash_session_id = s.cash_session_id AND z.branch_id = s.branch_id
    JOIN edge ours ON ours.edge_id = s.edge_id
    JOIN edge theirs ON theirs.edge_id = z.edge_id
    WHERE CASE
        WHEN ours.edge_id = theirs.edge_id THEN s.entry_seq < z.entry_seq
        ELSE ours.kind <> theirs.kind OR ours.epoch < theirs.epoch
    END
    GROUP BY s.cash_session_id
),
-- Somebody was told with the figures when the report was booked.
told AS (
    SELECT edge_id, entry_seq FROM exception WHERE kind = 'SESSION_MISMATCH'
),
checked AS (
    SELECT
        COALESCE(c.cash_session_id, z.cash_session_id) AS cash_session_id,
        CASE
            WHEN c.cash_session_id IS NULL THEN 'has a Z report but is not in the books'
            WHEN c.status = 'CLOSED' AND z.cash_session_id IS NULL
                THEN 'is closed without a Z report'
            WHEN c.status = 'OPEN' AND z.cash_session_id IS NOT NULL
                THEN 'has a Z report but is open'
            WHEN z.cash_session_id IS NULL THEN NULL
            WHEN z.body IS DISTINCT FROM e.payload OR e.kind <> 'cash.session_closed'
                THEN 'has a Z report that is not the entry that closed it'
            WHEN z.closed_by <> c.closed_by OR z.closed_at <> c.closed_at
                OR z.branch_id <> c.branch_id OR z.tenant_id <> c.tenant_id
                THEN 'was closed otherwise than its Z report says'
            WHEN z.cash_session_id::text <> z.said ->> 'cash_session_id'
                OR z.sale_count <> (z.said -> 'z' ->> 'sale_count')::bigint
                OR z.sales_usd <> (z.said -> 'z' ->> 'sales_usd')::numeric
                OR z.vat_usd <> (z.said -> 'z' ->> 'vat_usd')::numeric
                OR z.void_count <> (z.said -> 'z' ->> 'void_count')::bigint
                OR z.voids_usd <> (z.said -> 'z' ->> 'voids_usd')::numeric
                OR z.counted_usd <> (z.said -> 'counted' ->> 'usd')::numeric
                OR z.counted_khr <> (z.said -> 'counted' ->> 'khr')::numeric
                OR z.difference_usd <> (z.said -> 'counted' ->> 'difference_usd')::numeric
                OR z.difference_khr <> (z.said -> 'counted' ->> 'difference_khr')::numeric
                THEN 'has a Z report whose columns are not what it says'
            WHEN t.entry_seq IS NOT NULL THEN NULL
            WHEN z.sale_count <> COALESCE(s.sales, 0) OR z.sales_usd <> COALESCE(s.sales_usd, 0)
                OR z.vat_usd <> COALESCE(s.vat_usd, 0)
                THEN 'sold ' || COALESCE(s.sales_usd, 0) || ' USD in ' || COALESCE(s.sales, 0)
                    || ' sales, its Z report says ' || z.sales_usd || ' in ' || z.sale_count
            WHEN z.void_count <> COALESCE(s.voids, 0) OR z.voids_usd <> COALESCE(s.voids_usd, 0)
                THEN 'has ' || COALESCE(s.voids, 0) || ' voids, its Z report ' || z.void_count
        END AS wrong
    FROM cash_session c
    FULL JOIN z ON z.cash_session_id = c.cash_session_id
    LEFT JOIN edge_entry e ON e.edge_id = z.edge_id AND e.seq = z.entry_seq
    LEFT JOIN sold s ON s.cash_session_id = z.cash_session_id
    LEFT JOIN told t ON t.edge_id = z.edge_id AND t.entry_seq = z.entry_seq
    UNION ALL
    SELECT
        z.cash_session_id,
        'has a drawer of ' || d.currency || ' that '
        || CASE
            WHEN d.expected <> d.opening_float + d.sales - d.refunds + d.paid_in - d.paid_out
                THEN 'expects ' || d.expected || ', not what its own sums come to'
            WHEN d.difference <> d.counted - d.expected
                THEN 'is ' || d.difference || ' off where ' || d.counted || ' were counted and '
                    || d.expected || ' expected'
            WHEN d.opening_float
                <> CASE d.currency
                    WHEN 'USD' THEN c.opening_float_usd
                    ELSE c.opening_float_khr
                END
                THEN 'began with another float'
            ELSE 'moved otherwise than its Z report says: sales ' || COALESCE(m.sales, 0)
                || ', refunds ' || COALESCE(m.refunds, 0) || ', paid in '
                || COALESCE(m.paid_in, 0) || ', paid out ' || COALESCE(m.paid_out, 0)
        END
    FROM z
    JOIN drawer d ON d.cash_session_id = z.cash_session_id
    JOIN cash_session c ON c.cash_session_id = z.cash_session_id
    LEFT JOIN moved m ON m.cash_session_id = d.cash_session_id AND m.currency = d.currency
    LEFT JOIN told t ON t.edge_id = z.edge_id AND t.entry_seq = z.entry_seq
    WHERE t.entry_seq IS NULL
        AND (
            d.expected <> d.opening_float + d.sales - d.refunds + d.paid_in - d.paid_out
            OR d.difference <> d.counted - d.expected
            OR d.opening_float
            <> CASE d.currency WHEN 'USD' THEN c.opening_float_usd ELSE c.opening_float_khr END
            OR d.sales <> COALESCE(m.sales, 0)
            OR d.refunds <> COALESCE(m.refunds, 0)
            OR d.paid_in <> COALESCE(m.paid_in, 0)
            OR d.paid_out <> COALESCE(m.paid_out, 0)
        )
)
SELECT
    'cash session ' || cash_session_id || ' ' || wrong AS "offender!",
    count(*) OVER () AS "total!"
FROM checked
WHERE wrong IS NOT NULL
ORDER BY 1
LIMIT $1
