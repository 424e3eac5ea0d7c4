-- migrate:up

-- For GET /v1/orders by user, where that is worth a slower drain. Apply with: deploy/migrate up 101
CREATE INDEX reservation_user ON reservation (user_id, sku);

-- migrate:down

DROP INDEX reservation_user ON reservation;
