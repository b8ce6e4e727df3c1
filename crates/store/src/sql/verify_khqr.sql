-- Sales paid by KHQR whose code is not claimed by them with the same ticket, amount,
-- receiver and transaction, and that no exception names; and claimed codes whose
-- sale is not there or names another proof.
WITH by_khqr AS (
    SELECT
        s.sale_id, s.tenant_id, s.ticket_id, s.tender_currency,
        s.tender_received - s.tender_change AS amount,
        p.sale_id IS NOT NULL AS proven, p.khqr_md5, p.khqr_hash, p.khqr_to_account_id,
        p.khqr_confirmed_at,
        EXISTS (
            SELECT FROM exception x
            WHERE x.sale_id = s.sale_id AND x.kind IN ('KHQR_UNPROVEN', 'KHQR_ALREADY_CLAIMED')
        ) AS told
    FROM sale s
    LEFT JOIN sale_khqr p ON p.sale_id = s.sale_id
    WHERE s.tender_method = 'KHQR'
),
checked AS (
    SELECT 'sale ' || sale_id || ' is paid by KHQR and has no proof' AS offender
    FROM by_khqr
    WHERE NOT proven
    UNION ALL
    SELECT 'the proof of ' || p.sale_id || ' is of no sale that is paid by KHQR'
    FROM sale_khqr p
    LEFT JOIN sale s ON s.sale_id = p.sale_id AND s.tender_method = 'KHQR'
    WHERE s.sale_id IS NULL
    UNION ALL
    SELECT
        'sale ' || b.sale_id || ' names code ' || b.khqr_md5 || CASE
            WHEN i.md5 IS NULL THEN ', which is not there'
            WHEN i.sale_id IS DISTINCT FROM b.sale_id THEN ', which it does not claim'
            ELSE ', which has another ticket, amount, receiver, payment or time'
        END
    FROM by_khqr b
    LEFT JOIN khqr_intent i ON i.md5 = b.khqr_md5
    WHERE b.proven AND NOT b.told AND NOT COALESCE(
        i.sale_id = b.sale_id AND i.tenant_id = b.tenant_id AND i.ticket_id = b.ticket_id
        AND i.currency = b.tender_currency AND i.amount = b.amount
        AND i.paid_hash = b.khqr_hash AND i.confirmed_at = b.khqr_confirmed_at
        AND lower(i.paid_to_account) = lower(b.khqr_to_account_id), false
    )
    UNION ALL
    SELECT 'code ' || i.md5 || ' is claimed by ' || i.sale_id || ', which does not name it'
    FROM khqr_intent i
    LEFT JOIN sale_khqr p ON p.sale_id = i.sale_id AND p.khqr_md5 = i.md5
    WHERE i.state = 'CLAIMED' AND p.sale_id IS NULL
    UNION ALL
    SELECT 'sale ' || sale_id || ' claims ' || count(*) || ' codes'
    FROM khqr_intent
    WHERE state = 'CLAIMED'
    GROUP BY sale_id
    HAVING count(*) > 1
)
SELECT offender AS "offender!", count(*) OVER () AS "total!"
FROM checked
ORDER BY 1
LIMIT $1
