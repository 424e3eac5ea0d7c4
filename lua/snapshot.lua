#!lua flags=no-writes
-- What the live audit weighs: a SKU's stock and its open entries, as they are at one instant (docs/FORMATS.md).
-- KEYS: stock orders users journal takes
-- ARGV: stream id after which to begin ('-': at the first), most entries (1 to 1024), number of ids, ids to look for in the
--       journal, then refs of orders to look for
-- Returns: OK | ABSENT, now in µs, {available, base, generation, inflow, last, units of open takes}, orders, users,
--          journal length, {id, entry, ...}, {1 (open) or 0 per id}, {record or '' per ref}
local stock_key, orders_key, users_key, journal_key, takes_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local after, most, ids = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local stock = redis.call('HMGET', stock_key, 'available', 'base', 'generation', 'inflow', 'last')
if not stock[3] then return {'ABSENT', now} end
local entries, looked, records, taken = {}, {}, {}, 0
for _, take in ipairs(redis.call('HVALS', takes_key)) do
    taken = taken + (tonumber(string.match(take, '^%d+%-%d+:(%d+):')) or 0)
end
stock[6] = string.format('%.0f', taken)
for _, item in ipairs(redis.call('XRANGE', journal_key, after == '-' and '-' or '(' .. after, '+', 'COUNT', most)) do
    entries[#entries + 1], entries[#entries + 2] = item[1], item[2][2]
end
for i = 4, 3 + ids do
    looked[#looked + 1] = #redis.call('XRANGE', journal_key, ARGV[i], ARGV[i], 'COUNT', 1)
end
for i = 4 + ids, #ARGV do
    records[#records + 1] = redis.call('HGET', orders_key, ARGV[i]) or ''
end
return {'OK', now, stock, redis.call('HLEN', orders_key), redis.call('HLEN', users_key), redis.call('XLEN', journal_key),
    entries, looked, records}
