-- What flash-admin may do: read everything, change stock and sales, mark refunds done, and append to its log. It changes no
-- order, no verdict and no row of a log. A line a table: deploy/grants applies those whose table is there.
GRANT SELECT ON generation TO flash_admin;
GRANT SELECT, INSERT, UPDATE ON stock TO flash_admin;
GRANT SELECT, INSERT, UPDATE ON sale TO flash_admin;
GRANT SELECT, INSERT ON inflow TO flash_admin;
GRANT SELECT ON verdict TO flash_admin;
GRANT SELECT ON reservation TO flash_admin;
GRANT SELECT, INSERT ON stock_log TO flash_admin;
GRANT SELECT ON stock_log_lines TO flash_admin;
GRANT SELECT ON parked TO flash_admin;
GRANT SELECT ON consumer_progress TO flash_admin;
GRANT SELECT ON dead_letter TO flash_admin;
GRANT SELECT, UPDATE (done_at_ms, done_reference) ON refund TO flash_admin;
GRANT SELECT ON reconcile_run TO flash_admin;
GRANT SELECT ON reconcile_finding TO flash_admin;
GRANT SELECT ON alert_state TO flash_admin;
GRANT SELECT ON alert_outbox TO flash_admin;
GRANT SELECT, INSERT ON admin_log TO flash_admin;
