#!lua
-- Takes units out for good, a negative adjustment, as one journal entry (docs/FORMATS.md). It adds data: not when memory is full.
-- Not behind a gate that is not open for this very server: a Redis that came back older may show units that are sold.
-- KEYS: stock takes journal
-- ARGV: generation, uuid, r, reference, operator, quantity, reason, the inflow number it rests on or ''
-- Returns: OK, entry, µs, journal length | TAKEN, what this reference has taken (its entry is open) | SOLD_OUT, available |
--          MOVED, inflow number here, open takes | ABSENT; or GENERATION, the one here; or CLOSED; or CORRUPT, the field
local stock_key, takes_key, journal_key = KEYS[1], KEYS[2], KEYS[3]
local generation, uuid, r, reference, operator, quantity, reason, rests_on = unpack(ARGV)
local names, number = {'available', 'base', 'inflow', 'last'}, {}
local stock = redis.call('HMGET', stock_key, 'generation', 'gate', unpack(names))
if not stock[1] then return {'ABSENT'} end
if stock[1] ~= generation then return {'GENERATION', stock[1]} end
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if stock[2] ~= 'open:' .. generation .. ':' .. run_id then return {'CLOSED'} end
for i, name in ipairs(names) do
    local text = stock[i + 2]
    number[name] = text and string.match(text, '^%-?%d+$') and tonumber(text)
    if not number[name] or math.abs(number[name]) > 9007199254740990 then return {'CORRUPT', name} end
end
for name, text in pairs({reference = reference, operator = operator, reason = reason}) do
    if not string.find(text, '^[^%c"\\]+$') then return {'CORRUPT', name} end
end
local units = string.find(quantity, '^[1-9]%d*$') and #quantity <= 10 and tonumber(quantity)
if not units or units > 1000000000 then return {'CORRUPT', 'quantity'} end
local took, open = redis.call('HGET', takes_key, reference), redis.call('HLEN', takes_key)
local journal_length = redis.call('XLEN', journal_key)
local time = redis.call('TIME')
local us = string.format('%.0f', math.max(time[1] * 1000000 + time[2], number.last + 1))

if took then
    return {'TAKEN', took}
elseif rests_on ~= '' and (open > 0 or stock[5] ~= rests_on) then
    return {'MOVED', stock[5], open}
elseif number.available < units then
    return {'SOLD_OUT', stock[3]}
end
local id = us .. '-' .. r
local entry = '{"v":1,"id":"' .. uuid .. '","type":"take","sku":"' .. string.match(stock_key, '{(%d+)}') .. '","generation":' ..
    generation .. ',"stream":"' .. id .. '","due":0,"lines":[["' .. reference .. '","' .. operator .. '",' .. quantity .. ',"' ..
    reason .. '"]]}'
redis.call('XADD', journal_key, id, 'e', entry) -- first: an id the stream refuses leaves nothing half done
redis.call('HSET', takes_key, reference, id .. ':' .. quantity .. ':' .. reason)
redis.call('HSET', stock_key, 'available', string.format('%.0f', number.available - units), 'base',
    string.format('%.0f', number.base - units), 'last', us)
return {'OK', entry, us, journal_length + 1}
