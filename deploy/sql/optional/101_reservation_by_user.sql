-- migrate:up

-- For a user's orders, and his lines in the log, among millions of others. It costs the consumer about as much as writing the order
-- does (docs/PERFORMANCE.md). Apply with: deploy/migrate up 101; take back before a great sale with: deploy/migrate down 101
CREATE INDEX reservation_user ON reservation (user_id);

-- migrate:down

DROP INDEX reservation_user ON reservation;
