-- What flash-consumer may do: append verdicts and log rows, write orders, move units. It deletes nothing but what it has
-- parked. A line a table: deploy/grants applies those whose table is there.
GRANT SELECT ON generation TO flash_consumer;
GRANT SELECT, UPDATE ON stock TO flash_consumer;
GRANT SELECT, INSERT ON inflow TO flash_consumer;
GRANT SELECT, INSERT ON verdict TO flash_consumer;
GRANT SELECT, INSERT, UPDATE ON reservation TO flash_consumer;
GRANT SELECT, INSERT ON stock_log TO flash_consumer;
GRANT SELECT, INSERT, DELETE ON parked TO flash_consumer;
GRANT SELECT, INSERT, UPDATE ON consumer_progress TO flash_consumer;
GRANT SELECT, INSERT ON marker TO flash_consumer;
GRANT SELECT, INSERT ON dead_letter TO flash_consumer;
GRANT SELECT, INSERT ON refund TO flash_consumer;
