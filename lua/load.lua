#!lua flags=allow-oom
-- Warms up an absent SKU from the ledger, or raises a present one's generation (docs/FORMATS.md). Orders come by settle.
-- KEYS: stock orders journal
-- ARGV: generation, base, inflow, title, threshold, the run id its gate opens for ('': it is closed)
-- Returns: LOADED | RAISED (its gate stays open only if it was, for that run id) | LIVE (this generation is there, nothing
--          done); or GENERATION, the newer one here; or CORRUPT, the field
local stock_key, orders_key, journal_key = KEYS[1], KEYS[2], KEYS[3]
local generation, base, inflow, title, threshold, run_id = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6] or ''
for name, text in pairs({base = base, inflow = inflow, threshold = threshold}) do
    if not string.match(text, '^%d+$') or tonumber(text) > 1000000000 then
        return {'CORRUPT', name}
    end
end
if not string.match(generation, '^%d+$') or tonumber(generation) > 9007199254740991 then
    return {'CORRUPT', 'generation'}
end
if not string.match(run_id, '^%x*$') then
    return {'CORRUPT', 'run_id'}
end
local here, gate = unpack(redis.call('HMGET', stock_key, 'generation', 'gate'))
local open, closed = 'open:' .. generation .. ':' .. run_id, 'closed:' .. generation .. ':recovery'
if here == generation then
    return {'LIVE'}
elseif here and not string.match(here, '^%d+$') then
    return {'CORRUPT', 'generation'}
elseif here and tonumber(here) > tonumber(generation) then
    return {'GENERATION', here}
elseif here then
    local stays = run_id ~= '' and gate == 'open:' .. here .. ':' .. run_id
    redis.call('HSET', stock_key, 'generation', generation, 'gate', stays and open or closed)
    return {'RAISED'}
end
if redis.call('HLEN', orders_key) > 0 or redis.call('XLEN', journal_key) > 0 then
    return {'CORRUPT', 'orders'}
end
redis.call('HSET', stock_key, 'generation', generation, 'available', base, 'base', base, 'inflow', inflow, 'title', title,
    'threshold', threshold, 'starts', 0, 'ends', 0, 'limit', 0, 'hold', 0, 'sale', 0, 'last', 0, 'gate', run_id ~= '' and open or closed)
return {'LOADED'}
