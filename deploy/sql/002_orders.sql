-- migrate:up

-- What the consumer writes, one transaction a batch (DESIGN §7). verdict and reservation have no secondary index: one on
-- (sku, state, due) halved the drain rate. Queries by user or state come from sql/optional.

-- The final word on an entry; the first insert wins, for ever.
-- type: 1 reserve, 2 pay, 3 cancel, 4 expire, 5 return, 6 take, 7 marker (include/flash/entry.h).
CREATE TABLE verdict (
    entry_id      BINARY(16)      NOT NULL, -- UUIDv7
    type          TINYINT         NOT NULL,
    verdict       TINYINT         NOT NULL, -- 1 APPLIED, 2 FENCED
    clean         TINYINT         NOT NULL, -- 1: every line took effect by this very entry (§5.1 rules 1, 4)
    sku           BIGINT          NOT NULL,
    stream_us     BIGINT          NOT NULL, -- first half of the stream id: microseconds
    generation    INT UNSIGNED    NOT NULL,
    due           BIGINT          NOT NULL, -- deadline to pay, seconds since the epoch; 0: none
    line_count    SMALLINT        NOT NULL,
    partition_no  INT             NOT NULL, -- -1: fenced, never seen in Kafka
    kafka_offset  BIGINT          NOT NULL,
    owner         BIGINT UNSIGNED NOT NULL, -- token of the batch that inserted it: tells own rows from found ones
    applied_at_ms BIGINT          NOT NULL,
    PRIMARY KEY (entry_id),
    CONSTRAINT verdict_type_known CHECK (type BETWEEN 1 AND 7),
    CONSTRAINT verdict_known CHECK (verdict IN (1, 2)),
    CONSTRAINT verdict_clean_only_applied CHECK (clean = 0 OR (clean = 1 AND verdict = 1)),
    CONSTRAINT verdict_lines_range CHECK (line_count BETWEEN 0 AND 256)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- One order line. state: 1 CREATED, 2 PAID, 3 CANCELLED, 4 EXPIRED, 5 RETURNED, 6 FAILED lost, 7 FAILED shortage;
-- half-way states live in Redis only. entry_id and line_no stay those of the reserve entry.
CREATE TABLE reservation (
    order_id      VARBINARY(84) NOT NULL, -- "<sku>.<1..64 bytes>"; ordered by SKU, so a SKU is a range of keys
    sku           BIGINT        NOT NULL,
    user_id       VARBINARY(64) NOT NULL,
    qty           INT           NOT NULL,
    state         TINYINT       NOT NULL,
    version       INT           NOT NULL,
    due           BIGINT        NOT NULL, -- seconds since the epoch; 0: none
    entry_id      BINARY(16)    NOT NULL,
    line_no       SMALLINT      NOT NULL,
    payment_id    VARBINARY(64) NULL,     -- the payment that paid it
    updated_at_ms BIGINT        NOT NULL,
    PRIMARY KEY (order_id),
    CONSTRAINT reservation_qty_range CHECK (qty BETWEEN 1 AND 9999),
    CONSTRAINT reservation_state_known CHECK (state BETWEEN 1 AND 7),
    CONSTRAINT reservation_version_from_1 CHECK (version >= 1),
    CONSTRAINT reservation_line_range CHECK (line_no BETWEEN 0 AND 255)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Every change of a SKU's available units, one row an entry or inflow. Pays change none but are logged with quantity 0.
-- type: as verdict.type, or 11 create, 12 restock, 13 adjust.
CREATE TABLE stock_log (
    id               BIGINT        NOT NULL AUTO_INCREMENT,
    sku              BIGINT        NOT NULL,
    type             TINYINT       NOT NULL,
    quantity         BIGINT        NOT NULL, -- signed change of available
    available_before BIGINT        NOT NULL,
    available_after  BIGINT        NOT NULL,
    entry_id         BINARY(16)    NULL,     -- set, or inflow_number is
    inflow_number    BIGINT        NULL,
    order_id         VARBINARY(84) NULL,     -- of a transition: one row an order; NULL for reserve: one row an entry
    line_count       SMALLINT      NOT NULL DEFAULT 0,
    operator         VARBINARY(64) NULL,
    reason           VARCHAR(200)  NULL,
    reference        VARBINARY(64) NULL,
    created_at_ms    BIGINT        NOT NULL,
    PRIMARY KEY (id),
    KEY stock_log_sku (sku, id), -- a row an entry, not an order: cheap here
    CONSTRAINT stock_log_adds_up CHECK (available_before + quantity = available_after),
    CONSTRAINT stock_log_range CHECK (available_before >= 0 AND available_after >= 0),
    CONSTRAINT stock_log_has_cause CHECK (entry_id IS NOT NULL OR inflow_number IS NOT NULL),
    CONSTRAINT stock_log_type_known CHECK (type BETWEEN 1 AND 6 OR type BETWEEN 11 AND 13)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The log line by line: a reserve entry is expanded into its orders, each with its own before and after; any
-- other row stays one line. Ask for one sku at a time: it becomes a range of reservation's key ('/' follows '.').
CREATE SQL SECURITY INVOKER VIEW stock_log_lines AS
SELECT l.id,
       l.sku,
       l.type,
       COALESCE(l.order_id, r.order_id) AS order_id,
       r.line_no,
       CASE WHEN r.order_id IS NULL THEN l.quantity WHEN r.state IN (6, 7) THEN 0 ELSE -r.qty END AS quantity,
       CASE WHEN r.order_id IS NULL THEN l.available_before
            ELSE l.available_before - SUM(CASE WHEN r.state IN (6, 7) THEN 0 ELSE r.qty END) OVER running
                 + CASE WHEN r.state IN (6, 7) THEN 0 ELSE r.qty END END AS available_before,
       CASE WHEN r.order_id IS NULL THEN l.available_after
            ELSE l.available_before - SUM(CASE WHEN r.state IN (6, 7) THEN 0 ELSE r.qty END) OVER running
            END AS available_after,
       l.entry_id,
       l.inflow_number,
       l.line_count,
       l.operator,
       l.reason,
       l.reference,
       l.created_at_ms
FROM stock_log l
LEFT JOIN reservation r
       ON l.type = 1
      AND r.order_id > CAST(CONCAT(l.sku, '.') AS BINARY)
      AND r.order_id < CAST(CONCAT(l.sku, '/') AS BINARY)
      AND r.entry_id = l.entry_id
WINDOW running AS (PARTITION BY l.sku, l.id ORDER BY r.line_no ROWS UNBOUNDED PRECEDING);

-- Transitions that found no row (§5.1 rule 11), tried again when the row of order_id is inserted.
CREATE TABLE parked (
    order_id     VARBINARY(84) NOT NULL,
    entry_id     BINARY(16)    NOT NULL,
    line_no      SMALLINT      NOT NULL,
    sku          BIGINT        NOT NULL,
    type         TINYINT       NOT NULL,
    partition_no INT           NOT NULL,
    kafka_offset BIGINT        NOT NULL,
    from_version INT           NOT NULL, -- the row version the transition starts from
    value        BLOB          NOT NULL, -- the message, as it came
    parked_at_ms BIGINT        NOT NULL,
    PRIMARY KEY (order_id, entry_id, line_no),
    CONSTRAINT parked_type_known CHECK (type BETWEEN 2 AND 5),
    CONSTRAINT parked_line_range CHECK (line_no BETWEEN 0 AND 255)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- How far a partition is recorded (applied) and settled in Redis (acked): the next offset to read. A restart reads from
-- acked. The last entries tell a recreated topic from the old one.
CREATE TABLE consumer_progress (
    topic         VARCHAR(100) NOT NULL,
    partition_no  INT          NOT NULL,
    applied       BIGINT       NOT NULL DEFAULT 0,
    acked         BIGINT       NOT NULL DEFAULT 0,
    generation    INT UNSIGNED NOT NULL,
    applied_entry BINARY(16)   NULL, -- of the message at applied - 1
    acked_entry   BINARY(16)   NULL, -- of the message at acked - 1
    updated_at_ms BIGINT       NOT NULL,
    PRIMARY KEY (topic, partition_no),
    CONSTRAINT consumer_progress_order CHECK (0 <= acked AND acked <= applied)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Markers the consumer has met (§5.1 rule 16, §9.1).
CREATE TABLE marker (
    nonce         BINARY(16)   NOT NULL,
    topic         VARCHAR(100) NOT NULL,
    partition_no  INT          NOT NULL,
    kafka_offset  BIGINT       NOT NULL,
    applied_at_ms BIGINT       NOT NULL,
    PRIMARY KEY (nonce)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Messages that could not be decoded or can never be applied.
CREATE TABLE dead_letter (
    id            BIGINT       NOT NULL AUTO_INCREMENT,
    topic         VARCHAR(100) NOT NULL,
    partition_no  INT          NOT NULL,
    kafka_offset  BIGINT       NOT NULL,
    reason        VARCHAR(200) NOT NULL,
    value         MEDIUMBLOB   NOT NULL,
    created_at_ms BIGINT       NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY dead_letter_place (topic, partition_no, kafka_offset)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Payments that came too late: to be paid back (DESIGN §4). Amounts are the payment service's business.
CREATE TABLE refund (
    order_id       VARBINARY(84) NOT NULL,
    payment_id     VARBINARY(64) NOT NULL,
    entry_id       BINARY(16)    NOT NULL, -- of the refused pay
    state_met      TINYINT       NOT NULL, -- as reservation.state
    created_at_ms  BIGINT        NOT NULL,
    done_at_ms     BIGINT        NULL,
    done_reference VARBINARY(64) NULL,
    PRIMARY KEY (order_id, payment_id),
    CONSTRAINT refund_state_known CHECK (state_met BETWEEN 1 AND 7),
    CONSTRAINT refund_done_whole CHECK ((done_at_ms IS NULL) = (done_reference IS NULL))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- migrate:down

DROP TABLE refund;
DROP TABLE dead_letter;
DROP TABLE marker;
DROP TABLE consumer_progress;
DROP TABLE parked;
DROP VIEW stock_log_lines;
DROP TABLE stock_log;
DROP TABLE reservation;
DROP TABLE verdict;
