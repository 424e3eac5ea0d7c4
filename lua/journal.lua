#!lua flags=no-writes
-- One page of a SKU's open entries that are old enough, oldest first (docs/FORMATS.md). Those whose ids lie ahead of now come
-- too: they were made while the clock was ahead, or go on from there, and their age is not in their ids.
-- KEYS: stock journal
-- ARGV: least age in ms, stream id to go on behind ('' from the oldest), most entries (1 to 1000)
-- Returns: OK | ABSENT, now in µs, generation or '', 1 when more may follow else 0, then per entry: stream id, entry
local stock_key, journal_key = KEYS[1], KEYS[2]
local CHUNK_FIRST, CHUNK, PAGE_BYTES = 32, 128, 1048576
local after, most = ARGV[2], math.min(tonumber(ARGV[3]), 1000)
local generation = redis.call('HGET', stock_key, 'generation')
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local youngest = string.format('%.0f', math.max(now - ARGV[1] * 1000, 0))
local ahead = string.format('%.0f', now + 1000000) -- more than the ids of a moment run ahead of it
local function read(count)
    local chunk = redis.call('XRANGE', journal_key, after == '' and '-' or '(' .. after, youngest, 'COUNT', count)
    if #chunk > 0 then return chunk end
    local behind = after ~= '' and tonumber(string.match(after, '^%d+')) > now + 1000000
    return redis.call('XRANGE', journal_key, behind and '(' .. after or ahead, '+', 'COUNT', count)
end
local reply = {generation and 'OK' or 'ABSENT', string.format('%.0f', now), generation or '', 0}
local found, bytes, asked, at = 0, 0, CHUNK_FIRST, #reply
repeat
    asked = math.min(asked, most - found)
    local chunk = read(asked)
    for _, entry in ipairs(chunk) do
        local value = entry[2][2]
        after, at, bytes = entry[1], at + 2, bytes + #value
        reply[at - 1], reply[at] = after, value
    end
    found = found + #chunk
    asked = math.min(CHUNK, math.floor((PAGE_BYTES - bytes) * found / math.max(bytes, 1)) + 1) -- as many as fit, by their mean
until #chunk == 0 or found >= most or bytes >= PAGE_BYTES
if found > 0 and (found >= most or bytes >= PAGE_BYTES) then reply[4] = 1 end
return reply
