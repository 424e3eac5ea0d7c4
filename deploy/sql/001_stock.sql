-- migrate:up

-- What is for sale (DESIGN §1, §4, §8). Runs on MariaDB 10.11 and MySQL 8/9 alike. No column depends on the
-- database's clock: times are UTC, milliseconds since the epoch, given by the writer.

-- G: raised by every recovery; whatever carries an older one is refused.
CREATE TABLE generation (
    id         TINYINT      NOT NULL,
    generation INT UNSIGNED NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT generation_one_row CHECK (id = 1),
    CONSTRAINT generation_from_1 CHECK (generation >= 1)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

INSERT INTO generation (id, generation) VALUES (1, 1);

-- The truth about a SKU's units. base = all there ever were, less what was taken out.
CREATE TABLE stock (
    sku                 BIGINT       NOT NULL,
    title               VARCHAR(200) NOT NULL DEFAULT '',
    base                BIGINT       NOT NULL,
    available           BIGINT       NOT NULL,
    reserved            BIGINT       NOT NULL DEFAULT 0, -- sum of quantities in state CREATED
    sold                BIGINT       NOT NULL DEFAULT 0, -- sum of quantities in state PAID
    low_stock_threshold INT          NOT NULL DEFAULT 0,
    version             BIGINT       NOT NULL DEFAULT 0, -- number of the last inflow; the optimistic lock
    flagged             TINYINT      NOT NULL DEFAULT 0, -- 1: something contradicted Redis, audit it
    -- The generation whose Redis has been given this SKU, 0: none yet. Only a 0 may be loaded from the back office: what
    -- was loaded once and is missing now may have open reservations, and waits for a recovery.
    loaded_generation   INT UNSIGNED NOT NULL DEFAULT 0,
    created_at_ms       BIGINT       NOT NULL,
    updated_at_ms       BIGINT       NOT NULL,
    PRIMARY KEY (sku),
    CONSTRAINT stock_sku_positive CHECK (sku > 0),
    CONSTRAINT stock_base_range CHECK (base >= 0 AND base <= 1000000000),
    CONSTRAINT stock_available_range CHECK (available >= 0 AND available <= base),
    CONSTRAINT stock_reserved_range CHECK (reserved >= 0),
    CONSTRAINT stock_sold_range CHECK (sold >= 0),
    CONSTRAINT stock_adds_up CHECK (available + reserved + sold = base),
    CONSTRAINT stock_threshold_range CHECK (low_stock_threshold >= 0),
    CONSTRAINT stock_version_range CHECK (version >= 0),
    CONSTRAINT stock_flagged_range CHECK (flagged IN (0, 1))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- A window on one SKU.
CREATE TABLE sale (
    sku            BIGINT  NOT NULL,
    starts_at_ms   BIGINT  NOT NULL,
    ends_at_ms     BIGINT  NOT NULL,
    per_user_limit INT     NOT NULL,
    hold_seconds   INT     NOT NULL,           -- time to pay
    version        INT     NOT NULL DEFAULT 1, -- the ETag of PUT /v1/sales/{sku}
    closed         TINYINT NOT NULL DEFAULT 0, -- 1: closed by hand before its end
    updated_at_ms  BIGINT  NOT NULL,
    PRIMARY KEY (sku),
    CONSTRAINT sale_window CHECK (starts_at_ms >= 0 AND ends_at_ms > starts_at_ms),
    CONSTRAINT sale_limit_range CHECK (per_user_limit >= 1 AND per_user_limit <= 1000000000),
    CONSTRAINT sale_hold_range CHECK (hold_seconds >= 1),
    CONSTRAINT sale_version_range CHECK (version >= 1),
    CONSTRAINT sale_closed_range CHECK (closed IN (0, 1))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Units that came from outside, numbered per SKU without gaps; Redis applies number n only after n-1.
-- type: 11 create, 12 restock, 13 adjust (the codes of stock_log.type).
CREATE TABLE inflow (
    sku           BIGINT        NOT NULL,
    number        BIGINT        NOT NULL,
    type          TINYINT       NOT NULL,
    quantity      BIGINT        NOT NULL, -- signed
    reference     VARBINARY(64) NULL,     -- the caller's own id: makes a repeat harmless
    operator      VARBINARY(64) NOT NULL,
    reason        VARCHAR(200)  NOT NULL DEFAULT '',
    created_at_ms BIGINT        NOT NULL,
    PRIMARY KEY (sku, number),
    UNIQUE KEY inflow_reference (sku, reference),
    CONSTRAINT inflow_number_from_1 CHECK (number >= 1),
    CONSTRAINT inflow_type_known CHECK (type IN (11, 12, 13)),
    CONSTRAINT inflow_quantity_range CHECK (quantity >= -1000000000 AND quantity <= 1000000000)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- migrate:down

DROP TABLE inflow;
DROP TABLE sale;
DROP TABLE stock;
DROP TABLE generation;
