-- migrate:up

-- So that every list of the back office answers soon, however long it is (docs/PERFORMANCE.md has what they cost): the orders
-- of a user, in the order of their ids; the lines of an entry of several orders; what is to be paid back. The first two are
-- written once an order and moved by nothing. States and times have no index: each payment would move it.
ALTER TABLE reservation
    ADD KEY reservation_user (user_id),
    ADD KEY reservation_entry (entry_id);

ALTER TABLE refund ADD KEY refund_due (done_at_ms);

-- migrate:down

ALTER TABLE refund DROP KEY refund_due;

ALTER TABLE reservation
    DROP KEY reservation_user,
    DROP KEY reservation_entry;
