#!lua flags=allow-oom
-- Redis adopts the ledger's word (docs/FORMATS.md): clean entries leave the journal, others are adopted line by line.
-- KEYS: stock orders users due journal
-- ARGV: generation, number of clean ids, the ids, then per entry to adopt: id, number of lines, per line: ref, letter,
--       version, quantity, user, due
-- Returns: OK, orders learnt anew, the clean ids that were not in the journal; or GENERATION, the one here; or CORRUPT, the field
local stock_key, orders_key, users_key, due_key, journal_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local HOLDS = {A = 1, C = 1, P = 1, K = 1, E = 1, R = 1, X = 0, D = 0, T = 0, L = 0, S = 0}
local stock = redis.call('HMGET', stock_key, 'generation', 'available')
if stock[1] ~= ARGV[1] then
    return {'GENERATION', stock[1] or ''}
end
local available = stock[2] and string.match(stock[2], '^%-?%d+$') and tonumber(stock[2])
if not available or math.abs(available) > 9007199254740990 then
    return {'CORRUPT', 'available'}
end
redis.call('XLEN', journal_key)
redis.call('ZCARD', due_key)
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local records, counts, dues, ids, learnt = {}, {}, {}, {}, 0

local function adopt(ref, letter, version, quantity, user, due)
    local old = records[ref] or redis.call('HGET', orders_key, ref)
    local old_letter, old_version, old_quantity, at, old_user = 'X', 0, 0, now, user
    if old then
        old_letter, old_version, old_quantity, at, old_user = string.match(old, '^(%u)(%d+):(%d+):(%d+):%d+:(.*)$')
    else
        learnt = learnt + 1
    end
    if tonumber(version) < tonumber(old_version) then
        return false
    end
    local freed, taken = HOLDS[old_letter] * old_quantity, HOLDS[letter] * quantity
    available = available + freed - taken
    counts[old_user] = counts[old_user] or tonumber(redis.call('HGET', users_key, old_user) or 0)
    counts[user] = counts[user] or tonumber(redis.call('HGET', users_key, user) or 0)
    counts[old_user] = counts[old_user] - freed
    counts[user] = counts[user] + taken
    local same = old_letter == letter or old_letter == 'A' and letter == 'C'
    records[ref] = letter .. version .. ':' .. quantity .. ':' .. (same and at or now) .. ':' .. due .. ':' .. user
    return letter == 'C'
end

local clean = tonumber(ARGV[2])
local i = clean + 3
while i <= #ARGV do
    local id, count, created, due = ARGV[i], tonumber(ARGV[i + 1]), {string.match(ARGV[i], '^%d+')}, '0'
    for j = i + 2, i + 6 * count, 6 do
        if adopt(ARGV[j], ARGV[j + 1], ARGV[j + 2], ARGV[j + 3], ARGV[j + 4], ARGV[j + 5]) then
            created[#created + 1], due = ARGV[j], ARGV[j + 5]
        end
    end
    if #created > 1 then
        dues[#dues + 1], dues[#dues + 2] = due, table.concat(created, ' ')
    end
    ids[#ids + 1], i = id, i + 2 + 6 * count
end

local reply = {'OK', learnt}
for j = 3, clean + 2 do
    if redis.call('XDEL', journal_key, ARGV[j]) == 0 then
        reply[#reply + 1] = ARGV[j]
    end
end
for ref, record in pairs(records) do
    redis.call('HSET', orders_key, ref, record)
end
for user, count in pairs(counts) do
    redis.call('HSET', users_key, user, count)
    if count == 0 then redis.call('HDEL', users_key, user) end
end
if #ids > 0 then
    redis.call('XDEL', journal_key, unpack(ids))
    redis.call('HSET', stock_key, 'available', string.format('%.0f', available))
end
if #dues > 0 then
    redis.call('ZADD', due_key, unpack(dues))
end
return reply
