#!lua flags=allow-oom
-- Cancels or returns orders of one SKU; those that move become one journal entry. Units come back when it is settled.
-- KEYS: stock orders journal
-- ARGV: generation, uuid, r, cancel or return, then per line: ref, user ('' for anybody's)
-- Returns: OK, entry or '', µs, journal length, then per line a word and the record it left ('' for ABSENT):
--          DONE (now or before) | MET (the record names the state that does not allow it) | ABSENT (or another user's);
--          or GENERATION, the one here; or CORRUPT, the field
local stock_key, orders_key, journal_key = KEYS[1], KEYS[2], KEYS[3]
local generation, uuid, r, kind = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local FROM = {cancel = {A = 'K', C = 'K'}, ['return'] = {P = 'R'}}
local DONE = {cancel = {K = true, X = true}, ['return'] = {R = true, T = true}}
local stock = redis.call('HMGET', stock_key, 'generation', 'last')
if stock[1] ~= generation then return {'GENERATION', stock[1] or ''} end
if not string.match(stock[2] or '', '^%d+$') or tonumber(stock[2]) > 9007199254740990 then return {'CORRUPT', 'last'} end
if not FROM[kind] then return {'CORRUPT', 'kind'} end
local refs = {}
for i = 5, #ARGV, 2 do
    refs[#refs + 1] = ARGV[i]
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

local function release(ref, record, whose)
    local letter, version, quantity, at, due, user, payments =
        string.match(record or '', '^(%u)(%d+):(%d+):(%d+):(%d+):([^"]*)(.*)$')
    if not letter or whose ~= '' and whose ~= user then return 'ABSENT', '' end
    if letter == 'A' then letter = queued(at) and 'Q' or 'C' end
    if DONE[kind][letter] then return 'DONE', record end
    local next_letter = FROM[kind][letter]
    if not next_letter then return 'MET', letter .. string.sub(record, 2) end
    latest[ref] = next_letter .. string.format('%.0f', version + 1) .. ':' .. quantity .. ':' .. us .. ':' .. due .. ':' .. user ..
        payments
    lines[#lines + 1] = '["' .. ref .. '","' .. user .. '",' .. quantity .. ',' .. version .. ']'
    return 'DONE', latest[ref]
end

local reply = {'OK', '', us, redis.call('XLEN', journal_key)}
for i, ref in ipairs(refs) do
    reply[#reply + 1], reply[#reply + 2] = release(ref, latest[ref] or records[i], ARGV[2 * i + 4])
end
if #lines == 0 then return reply end
reply[2] = '{"v":1,"id":"' .. uuid .. '","type":"' .. kind .. '","sku":"' .. string.match(stock_key, '{(%d+)}') ..
    '","generation":' .. generation .. ',"stream":"' .. us .. '-' .. r .. '","due":0,"lines":[' .. table.concat(lines, ',') .. ']}'
reply[4] = reply[4] + 1
redis.call('XADD', journal_key, us .. '-' .. r, 'e', reply[2])
for ref, record in pairs(latest) do
    fields[#fields + 1], fields[#fields + 2] = ref, record
end
redis.call('HSET', orders_key, unpack(fields))
redis.call('HSET', stock_key, 'last', us)
return reply
