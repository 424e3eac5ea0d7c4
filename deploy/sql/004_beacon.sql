-- migrate:up

-- A number that flash-reconciler raises every few seconds and tells Redis: a ledger that has less than Redis was told has
-- fallen back to an earlier state (restored, or failed over with commits lost), and a recovery is due.
ALTER TABLE generation ADD COLUMN beacon BIGINT NOT NULL DEFAULT 0;

-- migrate:down

ALTER TABLE generation DROP COLUMN beacon;
