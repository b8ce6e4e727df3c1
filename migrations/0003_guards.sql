-- What is written stays as it was written. The database refuses to change or
-- delete it, twice: by triggers, whoever asks, and by what each service's role
-- may do.
--
-- The triggers are per statement and fire on UPDATE, DELETE and TRUNCATE only, so
-- that an INSERT costs what it did. `UPDATE OF` names every column that never
-- changes: a test compares the lists with the tables.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what is in the books stays as it was written',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Nothing of these is ever deleted.
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY[
        'edge_entry', 'ticket', 'sale', 'sale_line', 'sale_order', 'cash_session', 'cash_movement',
        'stock_journal', 'audit_log', 'invoice', 'exception', 'z_report', 'z_supplement',
        'void_request', 'edge_command', 'numbering_setting', 'invoice_series'
    ] LOOP
        EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept);
    END LOOP;
END
$$;

-- Nothing of these ever changes.
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY[
        'edge_entry', 'ticket', 'sale_line', 'cash_movement', 'stock_journal', 'audit_log',
        'invoice', 'exception', 'z_report', 'z_supplement', 'numbering_setting'
    ] LOOP
        EXECUTE format('CREATE TRIGGER never_changed BEFORE UPDATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept);
    END LOOP;
END
$$;

-- Of these, only the state and what belongs to it.
CREATE TRIGGER only_status_changes BEFORE UPDATE OF
    sale_id, tenant_id, branch_id, edge_id, entry_seq, ticket_id, cash_session_id, device_id,
    cashier_id, customer_id, sale_type, finalized_at, subtotal_usd, item_discount_usd,
    branch_discount_usd, vat_usd, grand_total_usd, grand_total_khr, khr_rounding, payable_khr,
    fx_rate, tender_method, tender_currency, tender_received, tender_change, catalogue_version
    ON sale FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_status_changes BEFORE UPDATE OF order_id, sale_id, tenant_id, branch_id
    ON sale_order FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_status_changes BEFORE UPDATE OF
    cash_session_id, tenant_id, branch_id, edge_id, device_id, opened_by, opened_at,
    opening_float_usd, opening_float_khr
    ON cash_session FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_status_changes BEFORE UPDATE OF
    void_request_id, tenant_id, branch_id, edge_id, entry_seq, sale_id, ticket_id,
    cash_session_id, requested_by, reason, requested_at
    ON void_request FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_status_changes BEFORE UPDATE OF
    series_id, tenant_id, revision, branch_id, year
    ON invoice_series FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_status_changes BEFORE UPDATE OF
    command_id, tenant_id, branch_id, idempotency_key, void_request_id, decision, remark,
    decided_by, issued_at, expires_at
    ON edge_command FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One role for each service: it may do what it does and nothing else. They are
-- the whole server's, so another database of it may have made them already, or
-- be making them now.
DO $$
DECLARE
    service text;
BEGIN
    FOREACH service IN ARRAY ARRAY[
        'tillstream_worker', 'tillstream_relay', 'tillstream_numbering', 'tillstream_ingest'
    ] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', service);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), service);
    END LOOP;
END
$$;

-- Leases.
GRANT SELECT, INSERT, UPDATE ON lease TO tillstream_worker, tillstream_relay, tillstream_numbering;

-- The worker finalizes. FOR NO KEY UPDATE asks for UPDATE of any column.
GRANT SELECT ON edge, catalogue_version TO tillstream_worker;
GRANT SELECT, UPDATE ON edge_cursor TO tillstream_worker;
GRANT SELECT, INSERT ON
    edge_entry, ticket, cash_session, sale, sale_line, sale_order, cash_movement, stock_journal,
    z_report, z_supplement, void_request
    TO tillstream_worker;
GRANT UPDATE (status, closed_at, closed_by) ON cash_session TO tillstream_worker;
GRANT UPDATE (status, voided_at) ON sale TO tillstream_worker;
GRANT UPDATE (status, updated_at) ON sale_order TO tillstream_worker;
GRANT UPDATE (status, decided_by, decision_note, decided_at, command_id) ON void_request
    TO tillstream_worker;
GRANT SELECT, UPDATE (state, outcome_code, outcome_detail, settled_at, edge_id, entry_seq)
    ON edge_command TO tillstream_worker;
GRANT SELECT, INSERT, UPDATE ON stock_level, quarantine TO tillstream_worker;
GRANT INSERT ON audit_log, outbox, exception, numbering_queue TO tillstream_worker;

-- The relay places facts and prunes old ones.
GRANT SELECT, DELETE, UPDATE (first_seq, placed_at) ON outbox TO tillstream_relay;
GRANT SELECT, INSERT, UPDATE ON fact_head TO tillstream_relay;
GRANT SELECT ON edge_entry, invoice TO tillstream_relay;

-- Numbering writes the register.
GRANT SELECT ON tenant, numbering_setting TO tillstream_numbering;
-- Its lock is all that numbering wants of it.
GRANT SELECT, UPDATE (revision) ON numbering_head TO tillstream_numbering;
GRANT SELECT, INSERT, UPDATE (last_no, head_hash, state, frozen_reason) ON invoice_series
    TO tillstream_numbering;
GRANT SELECT, DELETE ON numbering_queue TO tillstream_numbering;
GRANT SELECT, INSERT ON invoice TO tillstream_numbering;
GRANT SELECT, INSERT, UPDATE ON mapping_head TO tillstream_numbering;
GRANT INSERT, SELECT (facts) ON outbox TO tillstream_numbering;
GRANT INSERT ON audit_log TO tillstream_numbering;
GRANT SELECT ON branch, edge, edge_heartbeat TO tillstream_numbering;

-- Ingest answers, and writes what edges say of themselves and what back offices
-- decide.
GRANT SELECT ON
    tenant, branch, edge, edge_cursor, edge_entry, ticket, cash_session, sale, sale_line,
    sale_order, cash_movement, stock_journal, stock_level, audit_log, outbox, fact_head,
    invoice_series, invoice, mapping_head, quarantine, exception, catalogue_version, z_report,
    z_supplement, void_request, edge_command, numbering_queue, numbering_setting, numbering_head
    TO tillstream_ingest;
GRANT INSERT ON numbering_setting TO tillstream_ingest;
GRANT UPDATE (revision) ON numbering_head TO tillstream_ingest;
GRANT SELECT, INSERT, UPDATE ON edge_heartbeat TO tillstream_ingest;
GRANT INSERT ON edge_command TO tillstream_ingest;
