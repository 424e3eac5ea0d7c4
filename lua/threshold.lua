#!lua
-- Sets a SKU's low-stock threshold if the version given is newer than the one here (docs/FORMATS.md).
-- KEYS: stock
-- ARGV: generation, version, threshold
-- Returns: SET | OLD (not newer, nothing done) | ABSENT; or GENERATION, the one here; or CORRUPT, the field
local stock_key = KEYS[1]
local stock = redis.call('HMGET', stock_key, 'generation', 'threshold_version')
local here = stock[2] or '1'
if not stock[1] then
    return {'ABSENT'}
elseif stock[1] ~= ARGV[1] then
    return {'GENERATION', stock[1]}
elseif not string.match(here, '^%d+$') then
    return {'CORRUPT', 'threshold_version'}
end
for i, name in ipairs({'threshold_version', 'threshold'}) do
    if not string.match(ARGV[i + 1], '^%d+$') or tonumber(ARGV[i + 1]) > 9007199254740990 then
        return {'CORRUPT', name}
    end
end
if tonumber(ARGV[2]) <= tonumber(here) then
    return {'OLD'}
end
redis.call('HSET', stock_key, 'threshold_version', ARGV[2], 'threshold', ARGV[3])
return {'SET'}
