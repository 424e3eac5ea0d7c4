-- migrate:up

-- Alerts about stock, and the summary of a day (docs/FORMATS.md, "Alerts"). What was told of a SKU stands in its row:
-- who sees another level there tells people and moves told_level in one transaction. untold is 1 while the two differ, so
-- that looking for changes reads the changed rows alone; the index moves only when a level does, not with every order.
-- Levels: 0 well, 1 low (at or under the threshold), 2 sold out. A SKU that never had units is not sold out.

ALTER TABLE stock
    ADD COLUMN told_level   TINYINT NOT NULL DEFAULT 0,
    ADD COLUMN told_version BIGINT  NOT NULL DEFAULT 0, -- stock.version then: a higher one is a restock
    ADD COLUMN told_at_ms   BIGINT  NOT NULL DEFAULT 0;

-- What is low already when alerts begin is no news.
UPDATE stock SET told_level = CASE WHEN available > low_stock_threshold THEN 0 WHEN available > 0 THEN 1
                                   WHEN base = 0 THEN 0 ELSE 2 END;

ALTER TABLE stock
    ADD COLUMN untold TINYINT GENERATED ALWAYS AS (
        CASE WHEN told_level = (CASE WHEN available > low_stock_threshold THEN 0 WHEN available > 0 THEN 1
                                     WHEN base = 0 AND told_level = 0 THEN 0 ELSE 2 END)
             THEN 0 ELSE 1 END) STORED,
    ADD KEY stock_untold (untold),
    ADD CONSTRAINT stock_told_level_known CHECK (told_level IN (0, 1, 2));

-- One row a day that was summed up: whoever writes it sends the summary.
CREATE TABLE alert_summary (
    day        VARBINARY(10) NOT NULL, -- 2026-01-02, in the zone of alerts.summary_zone
    alert_id   BINARY(16)    NOT NULL,
    low        BIGINT        NOT NULL, -- SKUs at or under their threshold
    sold_out   BIGINT        NOT NULL, -- of these
    made_at_ms BIGINT        NOT NULL,
    PRIMARY KEY (day),
    CONSTRAINT alert_summary_counts CHECK (low >= 0 AND sold_out >= 0 AND sold_out <= low)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- A message may be about nothing that lasts (notice), have a list, and go out as a short message.
ALTER TABLE alert_outbox DROP CONSTRAINT alert_outbox_state_known;
ALTER TABLE alert_outbox DROP CONSTRAINT alert_outbox_channel_known;
ALTER TABLE alert_outbox
    ADD COLUMN list MEDIUMTEXT NULL, -- a JSON array
    ADD CONSTRAINT alert_outbox_state_known CHECK (state IN ('raised', 'cleared', 'notice')),
    ADD CONSTRAINT alert_outbox_channel_known CHECK (channel IN ('webhook', 'mail', 'sms'));

ALTER TABLE alert_state ADD KEY alert_state_of (state);

-- migrate:down

ALTER TABLE alert_state DROP KEY alert_state_of;
DELETE FROM alert_outbox WHERE state = 'notice' OR channel = 'sms';
ALTER TABLE alert_outbox DROP CONSTRAINT alert_outbox_state_known;
ALTER TABLE alert_outbox DROP CONSTRAINT alert_outbox_channel_known;
ALTER TABLE alert_outbox
    DROP COLUMN list,
    ADD CONSTRAINT alert_outbox_state_known CHECK (state IN ('raised', 'cleared')),
    ADD CONSTRAINT alert_outbox_channel_known CHECK (channel IN ('webhook', 'mail'));
DROP TABLE alert_summary;
ALTER TABLE stock DROP CONSTRAINT stock_told_level_known;
ALTER TABLE stock DROP KEY stock_untold;
ALTER TABLE stock DROP COLUMN untold;
ALTER TABLE stock DROP COLUMN told_at_ms, DROP COLUMN told_version, DROP COLUMN told_level;
