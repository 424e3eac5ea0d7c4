#!lua flags=no-writes
-- Orders of one SKU as they are stored, and a user's count, as they are at one instant (docs/FORMATS.md).
-- KEYS: orders users journal
-- ARGV: user ('' for none), then refs
-- Returns: OK, units the user's count has, then per ref two elements: its record ('': none), and 1 when the entry of its last
--          change is open, else 0
local orders_key, users_key, journal_key = KEYS[1], KEYS[2], KEYS[3]
local units = redis.call('HGET', users_key, ARGV[1]) or '0'
local first = redis.call('XRANGE', journal_key, '-', '+', 'COUNT', 1)
local oldest = first[1] and tonumber(string.match(first[1][1], '^%d+'))
local reply = {'OK', units}
for i = 2, #ARGV do
    local record = redis.call('HGET', orders_key, ARGV[i]) or ''
    local at = oldest and string.match(record, '^%u%d+:%d+:(%d+):')
    reply[#reply + 1] = record
    reply[#reply + 1] = at and tonumber(at) >= oldest and #redis.call('XRANGE', journal_key, at, at, 'COUNT', 1) or 0
end
return reply
