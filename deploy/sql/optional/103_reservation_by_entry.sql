-- migrate:up

-- For the lines of an entry of several orders (view=lines of the log) among millions. It costs the consumer as 101 does.
CREATE INDEX reservation_entry ON reservation (entry_id);

-- migrate:down

DROP INDEX reservation_entry ON reservation;
