-- migrate:up

-- So that every list of the back office answers soon, however long it is (docs/PERFORMANCE.md has what they cost): what is to be
-- paid back, what is rare among SKUs, runs and findings. What the consumer writes once an order stays without an index:
-- those for a user's orders and for an entry's are in sql/optional.
-- The type is in it so that an operator's rows of one type are found without reading the others.
ALTER TABLE stock_log DROP KEY stock_log_operator;
ALTER TABLE stock_log ADD KEY stock_log_operator (sku, operator, created_at_ms, id, type);

ALTER TABLE refund ADD KEY refund_due (done_at_ms);

ALTER TABLE stock
    ADD COLUMN low TINYINT GENERATED ALWAYS AS (CASE WHEN available <= low_stock_threshold THEN 1 ELSE 0 END) STORED,
    ADD KEY stock_low (low),
    ADD KEY stock_flagged (flagged);

ALTER TABLE reconcile_run
    ADD KEY reconcile_run_mode (mode),
    ADD KEY reconcile_run_state (state);

ALTER TABLE reconcile_finding
    ADD KEY reconcile_finding_state (state, id),
    ADD KEY reconcile_finding_cause (cause, id);

-- migrate:down

ALTER TABLE reconcile_finding
    DROP KEY reconcile_finding_state,
    DROP KEY reconcile_finding_cause;

ALTER TABLE reconcile_run
    DROP KEY reconcile_run_mode,
    DROP KEY reconcile_run_state;

ALTER TABLE stock DROP KEY stock_low, DROP KEY stock_flagged;
ALTER TABLE stock DROP COLUMN low;

ALTER TABLE refund DROP KEY refund_due;

ALTER TABLE stock_log DROP KEY stock_log_operator;
ALTER TABLE stock_log ADD KEY stock_log_operator (sku, operator, created_at_ms);
