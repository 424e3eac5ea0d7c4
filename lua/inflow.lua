#!lua flags=allow-oom
-- Applies the ledger's inflow of one number, once, after the one before it (docs/FORMATS.md). Of a take Redis has taken the
-- units already, unless it has forgotten that.
-- KEYS: stock takes
-- ARGV: generation, number, quantity (signed), then of a take: reference, r; else '', ''
-- Returns: APPLIED, units that moved now | DONE, the number here (not below) | GAP, the number here (too low) | ABSENT;
--          or GENERATION, the one here; or CORRUPT, the field
local stock_key, takes_key = KEYS[1], KEYS[2]
local generation, inflow, quantity, reference, r = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local names, number = {'available', 'base', 'inflow'}, {}
local stock = redis.call('HMGET', stock_key, 'generation', unpack(names))
if not stock[1] then return {'ABSENT'} end
if stock[1] ~= generation then return {'GENERATION', stock[1]} end
for i, name in ipairs(names) do
    local text = stock[i + 1]
    number[name] = text and string.match(text, '^%-?%d+$') and tonumber(text)
    if not number[name] or math.abs(number[name]) > 9007199254740990 then return {'CORRUPT', name} end
end
if not string.find(inflow, '^[1-9]%d*$') or tonumber(inflow) > 1000000000 then return {'CORRUPT', 'number'} end
local units = string.find(quantity, '^%-?%d+$') and tonumber(quantity)
if not units or math.abs(units) > 1000000000 then return {'CORRUPT', 'quantity'} end
if tonumber(inflow) <= number.inflow then
    return {'DONE', stock[4]}
elseif tonumber(inflow) > number.inflow + 1 then
    return {'GAP', stock[4]}
elseif number.base + units > 1000000000 then
    return {'CORRUPT', 'base'}
end
local took = r ~= '' and redis.call('HGET', takes_key, reference)
local known = took and string.match(took, '^%d+%-(%d+):') == r
if known then
    units = 0
    redis.call('HDEL', takes_key, reference)
end
redis.call('HSET', stock_key, 'available', string.format('%.0f', number.available + units), 'base',
    string.format('%.0f', number.base + units), 'inflow', inflow)
return {'APPLIED', string.format('%.0f', units)}
