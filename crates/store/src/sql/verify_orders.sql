-- Sales without their one order, and orders without their sale.
SELECT
    CASE
        WHEN s.sale_id IS NULL THEN 'order ' || o.order_id || ' has no sale'
        WHEN o.order_id IS NULL THEN 'sale ' || s.sale_id || ' has no order'
        ELSE 'order ' || o.order_id || ' is of another branch than its sale'
    END AS "offender!",
    count(*) OVER () AS "total!"
FROM sale s
FULL JOIN sale_order o ON o.sale_id = s.sale_id
WHERE s.sale_id IS NULL OR o.order_id IS NULL OR o.branch_id <> s.branch_id
ORDER BY 1
LIMIT $1
