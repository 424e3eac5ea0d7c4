-- migrate:up

-- What the back office's lists and changes need.

-- The low-stock threshold has a version of its own, which If-Match of PUT /inventory/{id}/threshold names: stock.version is
-- the number of the last inflow, and a threshold moves no units.
ALTER TABLE stock
    ADD COLUMN threshold_version BIGINT NOT NULL DEFAULT 1,
    ADD CONSTRAINT stock_threshold_version_from_1 CHECK (threshold_version >= 1);

-- A sale that was closed by hand: when, up to which µs of its stream ids orders may have been accepted (once Redis refuses
-- new ones; NULL: not known yet), and when none of them was left in the journal.
ALTER TABLE sale
    ADD COLUMN closed_at_ms  BIGINT NULL,
    ADD COLUMN closed_last   BIGINT NULL,
    ADD COLUMN settled_at_ms BIGINT NULL,
    ADD CONSTRAINT sale_settled_is_closed CHECK (closed = 1 OR (closed_last IS NULL AND settled_at_ms IS NULL));

-- The stock log by time, by type, by operator, by order, by entry. It has a row an entry, not an order, and all of these but
-- that of orders grow at their ends, so they cost the consumer little (docs/PERFORMANCE.md).
ALTER TABLE stock_log
    ADD KEY stock_log_time (sku, created_at_ms),
    ADD KEY stock_log_type (sku, type, created_at_ms),
    ADD KEY stock_log_operator (sku, operator, created_at_ms),
    ADD KEY stock_log_order (order_id),
    ADD KEY stock_log_entry (entry_id);

-- migrate:down

ALTER TABLE stock_log
    DROP KEY stock_log_time,
    DROP KEY stock_log_type,
    DROP KEY stock_log_operator,
    DROP KEY stock_log_order,
    DROP KEY stock_log_entry;

ALTER TABLE sale
    DROP CONSTRAINT sale_settled_is_closed,
    DROP COLUMN closed_at_ms,
    DROP COLUMN closed_last,
    DROP COLUMN settled_at_ms;

ALTER TABLE stock
    DROP CONSTRAINT stock_threshold_version_from_1,
    DROP COLUMN threshold_version;
