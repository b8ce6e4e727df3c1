-- How many rows of each table the checks speak of.
SELECT
    (SELECT count(*) FROM branch) AS "branches!",
    (SELECT count(*) FROM sale) AS "sales!",
    (SELECT count(*) FROM sale_line) AS "lines!",
    (SELECT count(*) FROM sale_order) AS "orders!",
    (SELECT count(*) FROM invoice) AS "invoices!",
    (SELECT count(*) FROM numbering_queue) AS "queued!",
    (SELECT count(*) FROM cash_movement) AS "movements!",
    (SELECT count(*) FROM cash_session) AS "sessions!",
    (SELECT count(*) FROM stock_journal) AS "stock_rows!",
    (SELECT count(*) FROM stock_level) AS "stock_items!",
    (SELECT COALESCE(sum(facts), 0) FROM outbox WHERE first_seq IS NOT NULL) AS "facts!",
    (SELECT COALESCE(sum(facts), 0) FROM outbox WHERE first_seq IS NULL) AS "pending!",
    (SELECT count(*) FROM z_report) AS "reports!",
    (SELECT count(*) FROM z_supplement) AS "supplements!",
    (SELECT count(*) FROM void_request) AS "requests!",
    (SELECT count(*) FROM cash_movement WHERE kind = 'REFUND_CASH') AS "refunds!",
    (SELECT count(*) FROM edge_command) AS "commands!"
