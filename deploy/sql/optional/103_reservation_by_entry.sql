-- migrate:up

-- Lets stock_log_lines find an entry's lines without reading its SKU's reservations.
CREATE INDEX reservation_entry ON reservation (entry_id, line_no);

-- migrate:down

DROP INDEX reservation_entry ON reservation;
