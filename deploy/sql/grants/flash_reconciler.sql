-- What flash-reconciler may do, daemon and verbs: read everything, fence (a verdict, FAILED rows), keep its record of runs,
-- raise the generation, send alerts. It changes no order and no log row. UPDATE of stock is for its lock and for what people
-- were told. A line a table: deploy/grants applies those whose table is there.
GRANT SELECT, UPDATE ON generation TO flash_reconciler;
GRANT SELECT, UPDATE ON stock TO flash_reconciler;
GRANT SELECT ON sale TO flash_reconciler;
GRANT SELECT ON inflow TO flash_reconciler;
GRANT SELECT, INSERT ON verdict TO flash_reconciler;
GRANT SELECT, INSERT ON reservation TO flash_reconciler;
GRANT SELECT ON stock_log TO flash_reconciler;
GRANT SELECT ON parked TO flash_reconciler;
GRANT SELECT, UPDATE ON consumer_progress TO flash_reconciler;
GRANT SELECT, DELETE ON marker TO flash_reconciler;
GRANT SELECT ON dead_letter TO flash_reconciler;
GRANT SELECT ON refund TO flash_reconciler;
GRANT SELECT, INSERT, UPDATE ON reconcile_run TO flash_reconciler;
GRANT SELECT, INSERT, UPDATE ON reconcile_finding TO flash_reconciler;
GRANT SELECT, INSERT, UPDATE, DELETE ON engine TO flash_reconciler;
GRANT SELECT, INSERT, UPDATE ON alert_state TO flash_reconciler;
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_outbox TO flash_reconciler;
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_summary TO flash_reconciler;
