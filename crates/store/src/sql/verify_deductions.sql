-- What sales took from each stock item, by the ledger.
SELECT branch_id, stock_item_id, count(*) AS "movements!", sum(delta) AS "delta!"
FROM stock_journal
WHERE reason = 'SALE'
GROUP BY branch_id, stock_item_id
