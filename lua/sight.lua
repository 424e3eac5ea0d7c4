#!lua flags=no-writes
-- What a recovery asks of a SKU before it does anything (docs/FORMATS.md, gate).
-- KEYS: stock journal
-- ARGV: none
-- Returns: OK | ABSENT, generation, gate or '', available, inflow, sale, last, beacon, journal length, the generation of the
--          oldest entry or ''
local stock_key, journal_key = KEYS[1], KEYS[2]
local stock = redis.call('HMGET', stock_key, 'generation', 'gate', 'available', 'inflow', 'sale', 'last', 'beacon')
local first = redis.call('XRANGE', journal_key, '-', '+', 'COUNT', 1)
local reply = {stock[1] and 'OK' or 'ABSENT'}
for i = 1, 7 do
    reply[i + 1] = stock[i] or ''
end
reply[9] = redis.call('XLEN', journal_key)
reply[10] = first[1] and (string.match(first[1][2][2], '"generation":(%d+),') or '0') or ''
return reply
