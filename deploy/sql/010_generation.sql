-- migrate:up

-- A generation is the moment of its recovery, in microseconds since the epoch: no number is ever used twice, even when the
-- ledger loses the raise itself.
ALTER TABLE generation MODIFY COLUMN generation BIGINT NOT NULL;
ALTER TABLE stock MODIFY COLUMN loaded_generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE verdict MODIFY COLUMN generation BIGINT NOT NULL;
ALTER TABLE consumer_progress MODIFY COLUMN generation BIGINT NOT NULL;
ALTER TABLE reconcile_run MODIFY COLUMN generation BIGINT NOT NULL;

-- migrate:down

-- Possible only while there was no recovery: a generation above 4,294,967,295 is refused.
ALTER TABLE reconcile_run MODIFY COLUMN generation INT UNSIGNED NOT NULL;
ALTER TABLE consumer_progress MODIFY COLUMN generation INT UNSIGNED NOT NULL;
ALTER TABLE verdict MODIFY COLUMN generation INT UNSIGNED NOT NULL;
ALTER TABLE stock MODIFY COLUMN loaded_generation INT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE generation MODIFY COLUMN generation INT UNSIGNED NOT NULL;
