#!lua flags=allow-oom
-- Sets a SKU's sale if the version given is newer than the one here (docs/FORMATS.md). It takes effect with the next order.
-- KEYS: stock
-- ARGV: generation, version, starts (ms), ends (ms), limit, hold (s)
-- Returns: SET | OLD (not newer, nothing done) | ABSENT; or GENERATION, the one here; or CORRUPT, the field
local stock_key = KEYS[1]
local names = {'sale', 'starts', 'ends', 'limit', 'hold'}
local stock = redis.call('HMGET', stock_key, 'generation', 'sale')
if not stock[1] then
    return {'ABSENT'}
elseif stock[1] ~= ARGV[1] then
    return {'GENERATION', stock[1]}
elseif not string.match(stock[2] or '', '^%d+$') then
    return {'CORRUPT', 'sale'}
end
for i, name in ipairs(names) do
    if not string.match(ARGV[i + 1], '^%d+$') or tonumber(ARGV[i + 1]) > 9007199254740990 then
        return {'CORRUPT', name}
    end
end
if tonumber(ARGV[2]) <= tonumber(stock[2]) then
    return {'OLD'}
end
redis.call('HSET', stock_key, 'sale', ARGV[2], 'starts', ARGV[3], 'ends', ARGV[4], 'limit', ARGV[5], 'hold', ARGV[6])
return {'SET'}
