-- migrate:up

-- Negative adjustments are decided in Redis (docs/FORMATS.md, "Inflows and takes"); in the ledger each is an inflow with a
-- negative quantity, of type 13, that names the entry it came by.
ALTER TABLE inflow
    ADD COLUMN entry_id BINARY(16) NULL,
    ADD CONSTRAINT inflow_entry_of_takes CHECK ((entry_id IS NULL) = (quantity >= 0));

-- migrate:down

ALTER TABLE inflow
    DROP CONSTRAINT inflow_entry_of_takes,
    DROP COLUMN entry_id;
