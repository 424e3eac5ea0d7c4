#!lua flags=no-writes
-- How a SKU's sale is going, for people who watch it: sizes only, whatever is sold (docs/FORMATS.md).
-- KEYS: stock orders journal
-- ARGV: none
-- Returns: OK | ABSENT, now in µs, generation, available, base, gate (each '' when absent), orders, journal length, oldest open
--          µs or ''
local stock_key, orders_key, journal_key = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local stock = redis.call('HMGET', stock_key, 'generation', 'available', 'base', 'gate')
local first = redis.call('XRANGE', journal_key, '-', '+', 'COUNT', 1)
local reply = {stock[1] and 'OK' or 'ABSENT', string.format('%.0f', time[1] * 1000000 + time[2])}
for i = 1, 4 do
    reply[i + 2] = stock[i] or ''
end
reply[7] = redis.call('HLEN', orders_key)
reply[8] = redis.call('XLEN', journal_key)
reply[9] = first[1] and string.match(first[1][1], '^%d+') or ''
return reply
