#!lua flags=no-writes
-- Reads orders of one SKU, and the sale when asked (docs/FORMATS.md). QUEUED is derived here, never remembered.
-- KEYS: stock orders journal
-- ARGV: 1 with the sale or 0 without, then refs
-- Returns: OK | ABSENT, now in µs, journal length, oldest open µs or '', generation, sale or '', then per ref a derived record
--          or ''; sale: available, base, starts, ends, limit, hold, sale, title, threshold, gate,
--          threshold_version
local stock_key, orders_key, journal_key = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local generation = redis.call('HGET', stock_key, 'generation')
local first = redis.call('XRANGE', journal_key, '-', '+', 'COUNT', 1)
local oldest = first[1] and string.match(first[1][1], '^%d+') or ''
local reply = {generation and 'OK' or 'ABSENT', now, redis.call('XLEN', journal_key), oldest, generation or '', ''}
if ARGV[1] == '1' and generation then
    reply[6] = redis.call('HMGET', stock_key, 'available', 'base', 'starts', 'ends', 'limit', 'hold', 'sale', 'title',
        'threshold', 'gate', 'threshold_version')
end
if #ARGV == 1 then
    return reply
end

local letters = {[oldest] = 'Q'} -- of an entry's orders: each entry is looked for once, its bytes are many
local function derive(record)
    if string.byte(record) ~= 65 then
        return record
    end
    local at = string.match(record, '^A%d+:%d+:(%d+):')
    if not letters[at] then
        local open = oldest ~= '' and tonumber(at) >= tonumber(oldest) and
            #redis.call('XRANGE', journal_key, at, at, 'COUNT', 1) > 0
        letters[at] = open and 'Q' or 'C'
    end
    return letters[at] .. string.sub(record, 2)
end

for i, record in ipairs(redis.call('HMGET', orders_key, unpack(ARGV, 2))) do
    reply[i + 6] = record and derive(record) or ''
end
return reply
