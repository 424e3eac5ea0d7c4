#!lua
-- Decides a batch of orders of one SKU; those accepted become one journal entry (docs/FORMATS.md).
-- KEYS: stock orders users due journal
-- ARGV: generation, uuid, r, the lines' JSON, then per line: ref, user, quantity
-- Returns: OK, entry or '', µs, due, journal length, then per line, or once where it is the same for all: ACCEPTED | SOLD_OUT |
--          LIMIT | NOT_STARTED | ENDED | KEY_REUSED | BAD_QUANTITY | a derived record; or GENERATION, the one here; or CORRUPT, the field
local stock_key, orders_key, users_key, due_key, journal_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local argv, generation, uuid, r, json = ARGV, ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local names = {'available', 'starts', 'ends', 'limit', 'hold', 'sale', 'last'}
local stock, total = redis.call('HMGET', stock_key, 'generation', unpack(names)), (#argv - 4) / 3
if total < 1 or total % 1 ~= 0 then return {'CORRUPT', 'lines'} end
if stock[1] ~= generation then return {'GENERATION', stock[1] or ''} end
local number, refs, users = {}, {}, {}
for i, name in ipairs(names) do
    local text = stock[i + 1]
    number[name] = text and string.match(text, '^%-?%d+$') and tonumber(text)
    if not number[name] or math.abs(number[name]) > 9007199254740990 then return {'CORRUPT', name} end
end
for i = 1, total do refs[i], users[i] = argv[3 * i + 2], argv[3 * i + 3] end
local records, held = redis.call('HMGET', orders_key, unpack(refs)), redis.call('HMGET', users_key, unpack(users))
local journal_length = redis.call('XLEN', journal_key)
redis.call('ZCARD', due_key)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local closed = (number.sale == 0 or now < number.starts * 1000) and 'NOT_STARTED' or now >= number.ends * 1000 and 'ENDED'
local us = string.format('%.0f', math.max(now, number.last + 1))
local due = string.format('%.0f', math.ceil(now / 1000000) + number.hold)
local limit, available = number.limit > 0 and number.limit or math.huge, number.available
local accepted, counts, orders, lines, members, taken = {}, {}, {}, {}, {us}, 0
local words, same, units, heads, known = {}, true, {}, {}, {[false] = 0} -- each text of a number is read once, not once a line

local function units_of(quantity)
    units[quantity] = string.find(quantity, '^[1-9]%d?%d?%d?$') and tonumber(quantity) or 0
    heads[quantity] = 'A1:' .. quantity .. ':' .. us .. ':' .. due .. ':'
    return units[quantity]
end
local function count_of(text)
    known[text] = known[text] or tonumber(text)
    return known[text]
end
local function replay(record, user, quantity)
    local at, whose = string.match(record, '^%u%d+:' .. quantity .. ':(%d+):%d+:([^"]*)')
    if whose ~= user then return 'KEY_REUSED' end
    if string.byte(record) ~= 65 then return record end
    local queued = at == us or #redis.call('XRANGE', journal_key, at, at, 'COUNT', 1) > 0
    return (queued and 'Q' or 'C') .. string.sub(record, 2)
end

local reply = {'OK', '', us, due, journal_length}
for i = 1, total do
    local ref, user, quantity, word = refs[i], users[i], argv[3 * i + 4], 'ACCEPTED'
    local wanted, record = units[quantity] or units_of(quantity), accepted[ref] or records[i]
    local count = (counts[user] or count_of(held[i])) + wanted
    if wanted == 0 then word = 'BAD_QUANTITY'
    elseif record then word = replay(record, user, quantity)
    elseif closed then word = closed
    elseif count > limit then word = 'LIMIT'
    elseif available < wanted then word = 'SOLD_OUT'
    else
        record, taken = heads[quantity] .. user, taken + 1
        available, counts[user], accepted[ref] = available - wanted, count, record
        orders[2 * taken - 1], orders[2 * taken], lines[taken], members[taken + 1] = ref, record, i, ref
    end
    words[i], same = word, same and word == (words[1] or word)
end
for i = 1, same and 1 or total do reply[i + 5] = words[i] end
if taken == 0 then return reply end
local id, fields, last = us .. '-' .. r, {}, 0
for user, count in pairs(counts) do fields[last + 1], fields[last + 2], last = user, string.format('%d', count), last + 2 end
for j, i in ipairs(taken < total and lines or {}) do lines[j] = '["' .. refs[i] .. '","' .. users[i] .. '",' .. argv[3 * i + 4] .. ']' end
reply[2] = '{"v":1,"id":"' .. uuid .. '","type":"reserve","sku":"' .. string.match(stock_key, '{(%d+)}') .. '","generation":' ..
    generation .. ',"stream":"' .. id .. '","due":' .. due .. ',"lines":[' .. (taken < total and table.concat(lines, ',') or json) .. ']}'
reply[5] = journal_length + 1
redis.call('XADD', journal_key, id, 'e', reply[2]) -- first: an id the stream refuses leaves nothing half done
redis.call('HSET', orders_key, unpack(orders))
redis.call('HSET', users_key, unpack(fields))
redis.call('ZADD', due_key, due, table.concat(members, ' '))
redis.call('HSET', stock_key, 'available', string.format('%.0f', available), 'last', us)
return reply
