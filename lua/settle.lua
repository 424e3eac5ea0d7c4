#!lua flags=allow-oom
-- Redis adopts the ledger's word (docs/FORMATS.md): clean entries leave the journal, others are adopted line by line.
-- KEYS: stock orders users due journal takes
-- ARGV: generation, number of clean ids, the ids, then per entry to adopt: id, number of lines, per line: ref, letter,
--       version, quantity, user (and "payment where there is one), due
-- Returns: OK, orders learnt anew, the clean ids that were not in the journal; or GENERATION, the one here; or CORRUPT, what
local stock_key, orders_key, users_key, due_key, journal_key, takes_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local HOLDS = {A = 1, C = 1, P = 1, K = 1, E = 1, R = 1, X = 0, D = 0, T = 0, L = 0, S = 0}
local stock = redis.call('HMGET', stock_key, 'generation', 'available', 'base')
if stock[1] ~= ARGV[1] then return {'GENERATION', stock[1] or ''} end
local function exact(text) return string.find(text, '^%-?%d+$') and math.abs(text) <= 9007199254740990 and tonumber(text) end
local available, base = exact(stock[2] or ''), exact(stock[3] or '')
if not (available and base) then return {'CORRUPT', available and 'base' or 'available'} end
local _ = redis.call('XLEN', journal_key), redis.call('ZCARD', due_key), redis.call('HLEN', takes_key)
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local records, counts, entries, given, learnt = {}, {}, {}, {}, 0
local function whole(text, limit) return text and string.find(text, '^%d+$') and tonumber(text) <= limit and tonumber(text) end
local function time_of(id)
    local us, r = string.match(id, '^(%d+)%-(%d+)$')
    return us and #us < 20 and (#r < 20 or #r == 20 and r <= '18446744073709551615') and us
end
local function count(user) return counts[user] or tonumber(redis.call('HGET', users_key, user) or 0) end
local function adopt(ref, letter, version, quantity, user, due)
    local old, since = records[ref] or redis.call('HGET', orders_key, ref), now
    if old then
        local was, old_version, held, at, old_user = string.match(old, '^(%u)(%d+):(%d+):(%d+):%d+:([^"]*)')
        if tonumber(version) < tonumber(old_version) then return false end
        available, counts[old_user] = available + HOLDS[was] * held, count(old_user) - HOLDS[was] * held
        if was == letter or was == 'A' and letter == 'C' then since = at end
    else learnt = learnt + 1 end
    local whose, taken = string.match(user, '^[^"]*'), HOLDS[letter] * quantity
    available, counts[whose] = available - taken, count(whose) + taken
    records[ref] = letter .. version .. ':' .. quantity .. ':' .. since .. ':' .. due .. ':' .. user
    return letter == 'C'
end
local function give_back(id, reference)
    local took, units = string.match(redis.call('HGET', takes_key, reference) or '', '^(%d+%-%d+):(%d+):')
    if took ~= id or given[reference] then return end
    available, base, given[reference] = available + units, base + units, true
end
local function fields_of(values) -- for many a command: a recovery adopts hundreds of lines a call
    local fields, zeros = {}, {}
    for name, value in pairs(values) do
        if value == 0 then zeros[#zeros + 1] = name else fields[#fields + 1], fields[#fields + 2] = name, value end
    end
    return fields, zeros
end
local clean = whole(ARGV[2], #ARGV - 2)
for j = 3, (clean or 0) + 2 do clean = time_of(ARGV[j]) and clean end
local i = clean and clean + 3
while i and i <= #ARGV do
    local us, count, due = time_of(ARGV[i]), whole(ARGV[i + 1], (#ARGV - i - 1) / 6), '0'
    local created = {us}
    for j = i + 2, us and count and i + 6 * count or 0, 6 do
        local ref, letter, version, quantity, user, until_s = unpack(ARGV, j, j + 5)
        if letter == 'G' then give_back(ARGV[i], ref)
        elseif not (HOLDS[letter] and whole(version, 2^53) and string.find(quantity, '^[1-9]%d?%d?%d?$') and whole(until_s, 2^53)) then
            return {'CORRUPT', 'line'}
        elseif adopt(ref, letter, version, quantity, user, until_s) then
            created[#created + 1], due = ref, until_s
        end
    end
    entries[#entries + 1] = {id = ARGV[i], due = due, member = #created > 1 and table.concat(created, ' ')}
    i = us and count and i + 2 + 6 * count
end
if not i then return {'CORRUPT', 'arguments'} end
local reply = {'OK', learnt}
for j = 3, clean + 2 do if redis.call('XDEL', journal_key, ARGV[j]) == 0 then reply[#reply + 1] = ARGV[j] end end
for reference in pairs(given) do redis.call('HDEL', takes_key, reference) end
local orders, users, gone = fields_of(records), fields_of(counts)
for j = 1, #orders, 2000 do redis.call('HSET', orders_key, unpack(orders, j, math.min(j + 1999, #orders))) end
for j = 1, #users, 2000 do redis.call('HSET', users_key, unpack(users, j, math.min(j + 1999, #users))) end
for _, user in ipairs(gone) do redis.call('HDEL', users_key, user) end
for _, entry in ipairs(entries) do
    redis.call('XDEL', journal_key, entry.id)
    if entry.member then redis.call('ZADD', due_key, entry.due, entry.member) end
end
if #entries > 0 then redis.call('HSET', stock_key, 'available', string.format('%.0f', available), 'base', string.format('%.0f', base)) end
return reply
