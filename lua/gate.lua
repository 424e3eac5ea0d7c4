#!lua flags=allow-oom
-- Opens or closes a SKU's gate, the record without which no engine sells it (DESIGN §5.1 rules 15, 16; docs/FORMATS.md).
-- KEYS: stock journal
-- ARGV: generation, the run id it opens for ('': it is closed), cause (of closing: letters)
-- Returns: OPEN | CLOSED | ABSENT; not opened: OLD_ENTRY, its generation | NEGATIVE, available; or GENERATION, the one here;
--          or CORRUPT, what
local stock_key, journal_key = KEYS[1], KEYS[2]
local generation, run_id, cause = ARGV[1], ARGV[2], ARGV[3]
local stock = redis.call('HMGET', stock_key, 'generation', 'available', 'last')
local time = redis.call('TIME')
local first = redis.call('XRANGE', journal_key, '-', '+', 'COUNT', 1)
if not stock[1] then
    return {'ABSENT'}
elseif stock[1] ~= generation then
    return {'GENERATION', stock[1]}
elseif run_id == '' and not string.match(cause, '^%a+$') then
    return {'CORRUPT', 'cause'}
elseif run_id ~= '' and not string.match(run_id, '^%x+$') then
    return {'CORRUPT', 'run_id'}
elseif run_id == '' then
    redis.call('HSET', stock_key, 'gate', 'closed:' .. generation .. ':' .. cause)
    return {'CLOSED'}
elseif not string.match(stock[2] or '', '^%-?%d+$') then
    return {'CORRUPT', 'available'}
elseif not string.match(stock[3] or '', '^%d+$') then
    return {'CORRUPT', 'last'}
end
-- Ids grow with every script, so the oldest entry has the oldest generation.
local oldest = first[1] and (string.match(first[1][2][2], '"generation":(%d+),') or '')
if oldest and oldest ~= generation then
    return {'OLD_ENTRY', oldest}
elseif tonumber(stock[2]) < 0 then
    return {'NEGATIVE', stock[2]}
end
-- Whatever ran before this moment is accounted for: a later restart need not look behind it.
local last = math.max(tonumber(stock[3]), time[1] * 1000000 + time[2])
redis.call('HSET', stock_key, 'gate', 'open:' .. generation .. ':' .. run_id, 'last', string.format('%.0f', last))
return {'OPEN'}
