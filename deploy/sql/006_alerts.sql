-- migrate:up

-- What people are told about: the state of every alert, and the messages about its changes (docs/FORMATS.md, "Alerts").
-- A change moves alert_state and writes a message per channel in one transaction; so one change makes one message,
-- however many daemons saw it, and none is lost.

CREATE TABLE alert_state (
    alert_key VARBINARY(64) NOT NULL, -- e.g. ledger.away, reconcile.guard
    state     VARCHAR(8)    NOT NULL, -- raised, cleared
    severity  VARCHAR(8)    NOT NULL, -- info, warning, critical: of the last change
    detail    VARCHAR(1000) NOT NULL DEFAULT '',
    since_ms  BIGINT        NOT NULL,
    changes   BIGINT        NOT NULL DEFAULT 0, -- how often it has changed
    PRIMARY KEY (alert_key),
    CONSTRAINT alert_state_known CHECK (state IN ('raised', 'cleared')),
    CONSTRAINT alert_state_severity_known CHECK (severity IN ('info', 'warning', 'critical')),
    CONSTRAINT alert_state_counts CHECK (changes >= 0)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE alert_outbox (
    id            BIGINT        NOT NULL AUTO_INCREMENT, -- the order in which messages were written
    alert_id      BINARY(16)    NOT NULL,                -- UUIDv7 of the change: the same in every channel and every try
    alert_key     VARBINARY(64) NOT NULL,
    state         VARCHAR(8)    NOT NULL, -- raised, cleared
    severity      VARCHAR(8)    NOT NULL, -- info, warning, critical
    detail        VARCHAR(1000) NOT NULL,
    at_ms         BIGINT        NOT NULL, -- of the change
    channel       VARCHAR(8)    NOT NULL, -- webhook, mail
    delivery      VARCHAR(8)    NOT NULL, -- waiting, sent, given_up
    attempts      INT           NOT NULL DEFAULT 0,
    next_try_ms   BIGINT        NOT NULL, -- while a sender has it in hand: when another may take it
    ended_at_ms   BIGINT        NULL,     -- when it was sent or given up
    last_error    VARCHAR(255)  NOT NULL DEFAULT '',
    PRIMARY KEY (id),
    UNIQUE KEY alert_outbox_once (alert_id, channel),
    KEY alert_outbox_waiting (delivery, channel, next_try_ms),
    CONSTRAINT alert_outbox_state_known CHECK (state IN ('raised', 'cleared')),
    CONSTRAINT alert_outbox_severity_known CHECK (severity IN ('info', 'warning', 'critical')),
    CONSTRAINT alert_outbox_channel_known CHECK (channel IN ('webhook', 'mail')),
    CONSTRAINT alert_outbox_delivery_known CHECK (delivery IN ('waiting', 'sent', 'given_up')),
    CONSTRAINT alert_outbox_ends CHECK ((delivery = 'waiting') = (ended_at_ms IS NULL)),
    CONSTRAINT alert_outbox_counts CHECK (attempts >= 0)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- migrate:down

DROP TABLE alert_outbox;
DROP TABLE alert_state;
