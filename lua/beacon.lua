#!lua flags=allow-oom
-- Keeps the highest beacon that the ledger was seen to have: a ledger with a lower one has fallen back (docs/FORMATS.md).
-- KEYS: stock
-- ARGV: beacon
-- Returns: KEPT | OLD (not higher, nothing done) | ABSENT; or CORRUPT, what
local stock_key = KEYS[1]
local beacon = string.match(ARGV[1], '^%d+$') and tonumber(ARGV[1])
local stock = redis.call('HMGET', stock_key, 'generation', 'beacon')
if not stock[1] then
    return {'ABSENT'}
elseif not beacon or beacon > 9007199254740990 then
    return {'CORRUPT', 'beacon'}
elseif stock[2] and not string.match(stock[2], '^%d+$') then
    return {'CORRUPT', 'kept'}
elseif stock[2] and tonumber(stock[2]) >= beacon then
    return {'OLD'}
end
redis.call('HSET', stock_key, 'beacon', ARGV[1])
return {'KEPT'}
