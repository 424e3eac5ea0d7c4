-- migrate:up

-- What operators look at: the reconciler's runs and findings (DESIGN §9), and who changed what in the back office.

CREATE TABLE reconcile_run (
    run_id        BINARY(16)    NOT NULL, -- UUIDv7
    mode          VARCHAR(16)   NOT NULL, -- run, report, plan, apply, audit, recover
    state         VARCHAR(16)   NOT NULL, -- running, done, planned, applied, stale, stopped, failed
    operator      VARBINARY(64) NOT NULL,
    generation    INT UNSIGNED  NOT NULL,
    plan_run_id   BINARY(16)    NULL,     -- apply: the plan it carries out
    sku           BIGINT        NULL,     -- NULL: all
    started_at_ms BIGINT        NOT NULL,
    ended_at_ms   BIGINT        NULL,
    skus          BIGINT        NOT NULL DEFAULT 0,
    entries       BIGINT        NOT NULL DEFAULT 0,
    settled       BIGINT        NOT NULL DEFAULT 0,
    resent        BIGINT        NOT NULL DEFAULT 0,
    compensated   BIGINT        NOT NULL DEFAULT 0,
    findings      BIGINT        NOT NULL DEFAULT 0,
    exit_code     TINYINT       NULL,
    detail        VARCHAR(1000) NOT NULL DEFAULT '',
    PRIMARY KEY (run_id),
    CONSTRAINT reconcile_run_mode_known CHECK (mode IN ('run', 'report', 'plan', 'apply', 'audit', 'recover')),
    CONSTRAINT reconcile_run_state_known
        CHECK (state IN ('running', 'done', 'planned', 'applied', 'stale', 'stopped', 'failed'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE reconcile_finding (
    id            BIGINT        NOT NULL AUTO_INCREMENT,
    run_id        BINARY(16)    NOT NULL,
    cause         VARCHAR(32)   NOT NULL, -- lost, late, shortage, unsettled, duplicate, drift_up, drift_down and others
    state         VARCHAR(16)   NOT NULL, -- open, planned, applied, refused, gone
    sku           BIGINT        NOT NULL,
    entry_id      BINARY(16)    NULL,
    order_id      VARBINARY(84) NULL,
    partition_no  INT           NULL,
    kafka_offset  BIGINT        NULL,
    quantity      BIGINT        NOT NULL DEFAULT 0, -- signed: units of stock it is about
    detail        VARCHAR(1000) NOT NULL DEFAULT '',
    found_at_ms   BIGINT        NOT NULL,
    updated_at_ms BIGINT        NOT NULL,
    PRIMARY KEY (id),
    KEY reconcile_finding_run (run_id, id),
    KEY reconcile_finding_sku (sku, id),
    CONSTRAINT reconcile_finding_state_known CHECK (state IN ('open', 'planned', 'applied', 'refused', 'gone'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE admin_log (
    id            BIGINT        NOT NULL AUTO_INCREMENT,
    operator      VARBINARY(64) NOT NULL, -- the token's sub
    role          VARCHAR(16)   NOT NULL,
    action        VARCHAR(64)   NOT NULL, -- e.g. sale.put, stock.create, inventory.restock
    sku           BIGINT        NULL,
    request_id    VARBINARY(64) NOT NULL,
    status        SMALLINT      NOT NULL, -- of the HTTP answer
    detail        VARCHAR(1000) NOT NULL DEFAULT '',
    created_at_ms BIGINT        NOT NULL,
    PRIMARY KEY (id),
    KEY admin_log_sku (sku, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- migrate:down

DROP TABLE admin_log;
DROP TABLE reconcile_finding;
DROP TABLE reconcile_run;
