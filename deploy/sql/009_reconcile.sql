-- migrate:up

-- How old what was found was at that moment: of an entry, since it was accepted; of several, the oldest.
ALTER TABLE reconcile_finding ADD COLUMN age_ms BIGINT NOT NULL DEFAULT 0;

-- The engines' workers that flash-reconciler has heard of, and when: a recovery expects an answer of each
-- (docs/FORMATS.md, "Engines").
CREATE TABLE engine (
    worker     VARBINARY(64) NOT NULL,
    seen_at_ms BIGINT        NOT NULL,
    PRIMARY KEY (worker)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- migrate:down

DROP TABLE engine;
ALTER TABLE reconcile_finding DROP COLUMN age_ms;
