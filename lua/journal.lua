#!lua flags=no-writes
-- One page of a SKU's open entries that are old enough, oldest first (docs/FORMATS.md).
-- KEYS: stock journal
-- ARGV: least age in ms, stream id to go on behind ('' from the oldest), most entries (1 to 1000)
-- Returns: OK | ABSENT, now in µs, generation or '', 1 when more may follow else 0, then per entry: stream id, entry
local stock_key, journal_key = KEYS[1], KEYS[2]
local CHUNK, PAGE_BYTES = 32, 1048576
local after, most = ARGV[2], math.min(tonumber(ARGV[3]), 1000)
local generation = redis.call('HGET', stock_key, 'generation')
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local youngest = string.format('%.0f', math.max(now - ARGV[1] * 1000, 0))
local reply = {generation and 'OK' or 'ABSENT', string.format('%.0f', now), generation or '', 0}
local found, bytes, asked = 0, 0, 0
repeat
    asked = math.min(CHUNK, most - found)
    local chunk = redis.call('XRANGE', journal_key, after == '' and '-' or '(' .. after, youngest, 'COUNT', asked)
    for _, entry in ipairs(chunk) do
        after = entry[1]
        reply[#reply + 1], reply[#reply + 2] = after, entry[2][2]
        bytes = bytes + #entry[2][2]
    end
    found = found + #chunk
until #chunk < asked or found >= most or bytes >= PAGE_BYTES
if found > 0 and (found >= most or bytes >= PAGE_BYTES) then reply[4] = 1 end
return reply
