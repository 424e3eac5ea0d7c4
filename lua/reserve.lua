#!lua
-- Decides a batch of orders of one SKU; those accepted become one journal entry (docs/FORMATS.md).
-- KEYS: stock orders users due journal
-- ARGV: generation, uuid, r, then per line: ref, user, quantity, line JSON
-- Returns: OK, entry or '', µs, due, journal length, then per line: ACCEPTED | SOLD_OUT | LIMIT | NOT_STARTED | ENDED |
--          KEY_REUSED | BAD_QUANTITY | a derived record; or GENERATION, the one here; or CORRUPT, the field
local stock_key, orders_key, users_key, due_key, journal_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local generation, uuid, r = ARGV[1], ARGV[2], ARGV[3]
local names = {'available', 'starts', 'ends', 'limit', 'hold', 'sale', 'last'}
local stock = redis.call('HMGET', stock_key, 'generation', unpack(names))
if #ARGV < 7 or #ARGV % 4 ~= 3 then return {'CORRUPT', 'lines'} end
if stock[1] ~= generation then
    return {'GENERATION', stock[1] or ''}
end
local number, refs, users = {}, {}, {}
for i, name in ipairs(names) do
    local text = stock[i + 1]
    number[name] = text and string.match(text, '^%-?%d+$') and tonumber(text)
    if not number[name] or math.abs(number[name]) > 9007199254740990 then return {'CORRUPT', name} end
end
for i = 4, #ARGV, 4 do
    refs[#refs + 1], users[#users + 1] = ARGV[i], ARGV[i + 1]
end
local records, held = redis.call('HMGET', orders_key, unpack(refs)), redis.call('HMGET', users_key, unpack(users))
local journal_length = redis.call('XLEN', journal_key)
redis.call('ZCARD', due_key)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local closed = (number.sale == 0 or now < number.starts * 1000) and 'NOT_STARTED' or now >= number.ends * 1000 and 'ENDED'
local us = string.format('%.0f', math.max(now, number.last + 1))
local due = string.format('%.0f', math.ceil(now / 1000000) + number.hold)
local tail, available = ':' .. us .. ':' .. due .. ':', number.available
local accepted, counts, orders, lines, members = {}, {}, {}, {}, {us}

local function replay(record, user, quantity)
    local at, whose = string.match(record, '^%u%d+:' .. quantity .. ':(%d+):%d+:([^"]*)')
    if whose ~= user then return 'KEY_REUSED' end
    if string.byte(record) ~= 65 then return record end
    local queued = at == us or #redis.call('XRANGE', journal_key, at, at, 'COUNT', 1) > 0
    return (queued and 'Q' or 'C') .. string.sub(record, 2)
end

local reply = {'OK', '', us, due, journal_length}
for i, ref in ipairs(refs) do
    local user, quantity, record, word = users[i], ARGV[4 * i + 2], accepted[ref] or records[i], 'ACCEPTED'
    local count = (counts[user] or tonumber(held[i] or 0)) + (tonumber(quantity) or 0)
    if not string.find(quantity, '^[1-9]%d?%d?%d?$') then
        word = 'BAD_QUANTITY'
    elseif record then
        word = replay(record, user, quantity)
    elseif closed then
        word = closed
    elseif number.limit > 0 and count > number.limit then
        word = 'LIMIT'
    elseif available < tonumber(quantity) then
        word = 'SOLD_OUT'
    else
        available, counts[user], accepted[ref] = available - quantity, count, 'A1:' .. quantity .. tail .. user
        orders[#orders + 1], orders[#orders + 2] = ref, accepted[ref]
        lines[#lines + 1], members[#members + 1] = ARGV[4 * i + 3], ref
    end
    reply[i + 5] = word
end
if #lines > 0 then
    local id, fields = us .. '-' .. r, {}
    for user, count in pairs(counts) do
        fields[#fields + 1], fields[#fields + 2] = user, count
    end
    reply[2] = '{"v":1,"id":"' .. uuid .. '","type":"reserve","sku":"' .. string.match(stock_key, '{(%d+)}') .. '","generation":' ..
        generation .. ',"stream":"' .. id .. '","due":' .. due .. ',"lines":[' .. table.concat(lines, ',') .. ']}'
    reply[5] = journal_length + 1
    redis.call('XADD', journal_key, id, 'e', reply[2]) -- first: an id the stream refuses leaves nothing half done
    redis.call('HSET', orders_key, unpack(orders))
    redis.call('HSET', users_key, unpack(fields))
    redis.call('ZADD', due_key, due, table.concat(members, ' '))
    redis.call('HSET', stock_key, 'available', string.format('%.0f', available), 'last', us)
end
return reply
