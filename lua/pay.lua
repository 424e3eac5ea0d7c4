#!lua
-- Pays orders of one SKU; those that move, and payments that come too late, become one journal entry (docs/FORMATS.md).
-- KEYS: stock orders journal
-- ARGV: generation, uuid, r, then per line: ref, payment
-- Returns: OK, entry or '', µs, journal length, then per line a word and the record it left ('' for ABSENT):
--          PAID (now, or before by this very payment) | LATE (this payment is to be refunded) | MET (QUEUED: not yet) |
--          ABSENT; or GENERATION, the one here; or CORRUPT, the field
local stock_key, orders_key, journal_key = KEYS[1], KEYS[2], KEYS[3]
local generation, uuid, r = ARGV[1], ARGV[2], ARGV[3]
local stock = redis.call('HMGET', stock_key, 'generation', 'last')
if stock[1] ~= generation then return {'GENERATION', stock[1] or ''} end
if not string.match(stock[2] or '', '^%d+$') or tonumber(stock[2]) > 9007199254740990 then return {'CORRUPT', 'last'} end
local refs = {}
for i = 4, #ARGV, 2 do
    refs[#refs + 1] = ARGV[i]
    if not ARGV[i + 1] or not string.find(ARGV[i + 1], '^[^"]+$') then return {'CORRUPT', 'payment'} end
end
local records = redis.call('HMGET', orders_key, unpack(refs))
local first = redis.call('XRANGE', journal_key, '-', '+', 'COUNT', 1)
local oldest = first[1] and string.match(first[1][1], '^%d+')
local time = redis.call('TIME')
local us = string.format('%.0f', math.max(time[1] * 1000000 + time[2], tonumber(stock[2]) + 1))
local latest, fields, lines = {}, {}, {}

local function queued(at)
    if not oldest or tonumber(at) < tonumber(oldest) then return false end
    return at == oldest or #redis.call('XRANGE', journal_key, at, at, 'COUNT', 1) > 0
end

local function pay(ref, record, payment)
    if not record then return 'ABSENT', '' end
    local letter, version, quantity, at, due, user, paid, late =
        string.match(record, '^(%u)(%d+):(%d+):(%d+):(%d+):([^"]*)"?([^"]*)"?([^"]*)$')
    if letter == 'A' and queued(at) then return 'MET', 'Q' .. string.sub(record, 2) end
    if paid == payment then return 'PAID', record end
    if late == payment then return 'LATE', record end
    local word = (letter == 'A' or letter == 'C') and 'PAID' or 'LATE'
    if word == 'PAID' then letter, paid = 'P', payment else late = payment end
    latest[ref] = letter .. string.format('%.0f', version + 1) .. ':' .. quantity .. ':' .. us .. ':' .. due .. ':' .. user ..
        '"' .. paid .. (late ~= '' and '"' .. late or '')
    lines[#lines + 1] = '["' .. ref .. '","' .. user .. '",' .. quantity .. ',' .. version .. ',"' .. payment .. '"]'
    return word, latest[ref]
end

local reply = {'OK', '', us, redis.call('XLEN', journal_key)}
for i, ref in ipairs(refs) do
    reply[#reply + 1], reply[#reply + 2] = pay(ref, latest[ref] or records[i], ARGV[2 * i + 3])
end
if #lines == 0 then return reply end
reply[2] = '{"v":1,"id":"' .. uuid .. '","type":"pay","sku":"' .. string.match(stock_key, '{(%d+)}') .. '","generation":' ..
    generation .. ',"stream":"' .. us .. '-' .. r .. '","due":0,"lines":[' .. table.concat(lines, ',') .. ']}'
reply[4] = reply[4] + 1
redis.call('XADD', journal_key, us .. '-' .. r, 'e', reply[2])
for ref, record in pairs(latest) do
    fields[#fields + 1], fields[#fields + 2] = ref, record
end
redis.call('HSET', orders_key, unpack(fields))
redis.call('HSET', stock_key, 'last', us)
return reply
