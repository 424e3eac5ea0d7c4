#!lua flags=no-writes
-- One page of a SKU's orders or users, for the audit's sweep (docs/FORMATS.md). What is there all the time is on some page.
-- KEYS: orders users journal
-- ARGV: orders or users, cursor (0 first), page size (about so many)
-- Returns: OK, next cursor (0: that was the last page), {per order: ref, record, 1 when the entry of its last change is open,
--          else 0; per user: user, units}; or CORRUPT, the argument
local orders_key, users_key, journal_key = KEYS[1], KEYS[2], KEYS[3]
local kind, cursor, size = ARGV[1], ARGV[2], ARGV[3]
local _ = redis.call('HLEN', orders_key), redis.call('HLEN', users_key)
local first = redis.call('XRANGE', journal_key, '-', '+', 'COUNT', 1)
local oldest = first[1] and tonumber(string.match(first[1][1], '^%d+'))
if kind == 'users' then
    local answer = redis.call('HSCAN', users_key, cursor, 'COUNT', size)
    return {'OK', answer[1], answer[2]}
elseif kind ~= 'orders' then
    return {'CORRUPT', 'kind'}
end

local function open(record)
    local at = oldest and string.match(record, '^%u%d+:%d+:(%d+):')
    return at and tonumber(at) >= oldest and #redis.call('XRANGE', journal_key, at, at, 'COUNT', 1) or 0
end

local answer = redis.call('HSCAN', orders_key, cursor, 'COUNT', size)
local orders, page = {}, answer[2]
for i = 1, #page, 2 do
    orders[#orders + 1], orders[#orders + 2], orders[#orders + 3] = page[i], page[i + 1], open(page[i + 1])
end
return {'OK', answer[1], orders}
