#!lua flags=no-writes
-- What the audit compares: stock, the units held, the journal, in one atomic read per page (docs/FORMATS.md).
-- KEYS: stock orders users journal
-- ARGV: cursor (0 first), page size (1 to 100000)
-- Returns: OK | ABSENT, now in µs, {available, base, generation, inflow, last, sale}, orders, users, journal length, oldest
--          open µs or '', next cursor (0: complete), units held on this page, orders on this page
local stock_key, orders_key, users_key, journal_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local HOLDS = {A = true, C = true, P = true, K = true, E = true, R = true}
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local stock = redis.call('HMGET', stock_key, 'available', 'base', 'generation', 'inflow', 'last', 'sale')
if not stock[3] then
    return {'ABSENT', now}
end
local size = redis.call('HLEN', orders_key)
local first = redis.call('XRANGE', journal_key, '-', '+', 'COUNT', 1)
local cursor, page = '0', nil
if size <= tonumber(ARGV[2]) then
    page = redis.call('HGETALL', orders_key)
else
    local answer = redis.call('HSCAN', orders_key, ARGV[1], 'COUNT', ARGV[2])
    cursor, page = answer[1], answer[2]
end
local held = 0
for i = 2, #page, 2 do
    local letter, quantity = string.match(page[i], '^(%u)%d+:(%d+):')
    held = held + (HOLDS[letter] and tonumber(quantity) or 0)
end
return {'OK', now, stock, size, redis.call('HLEN', users_key), redis.call('XLEN', journal_key),
    first[1] and string.match(first[1][1], '^%d+') or '', cursor, string.format('%.0f', held), #page / 2}
