INSERT INTO sale_line (
    sale_id, line_no, menu_item_id, name, category_id, category_name, quantity,
    base_amount_usd, discount_usd, line_total_usd
)
SELECT
    l.sale_id, l.line_no::smallint, l.menu_item_id, l.name, l.category_id, l.category_name,
    l.quantity, l.base_amount_usd, l.discount_usd, l.line_total_usd
FROM unnest(
    $1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::integer[],
    $8::numeric[], $9::numeric[], $10::numeric[]
) AS l (
    sale_id, line_no, menu_item_id, name, category_id, category_name, quantity,
    base_amount_usd, discount_usd, line_total_usd
)
