#!lua flags=allow-oom
-- Takes up to n orders of one SKU whose time to pay is over, by Redis' clock; they become one journal entry (expire). Behind a
-- gate that is not open for this very server nothing is: a Redis that came back older may have forgotten who has paid.
-- KEYS: stock orders due journal
-- ARGV: generation, uuid, r, n (1 to 256), offset (due members to pass over: they were QUEUED in this round)
-- Returns: OK, entry or '', µs, journal length, orders taken, due members passed over (QUEUED in part, or not all of it was
--          taken), 1 when more may be due else 0; or GENERATION, the one here; or CLOSED; or CORRUPT, the field
local stock_key, orders_key, due_key, journal_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local generation, uuid, r, most, offset = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local MEMBERS = 64
local stock = redis.call('HMGET', stock_key, 'generation', 'last', 'gate')
if stock[1] ~= generation then return {'GENERATION', stock[1] or ''} end
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if stock[3] ~= 'open:' .. generation .. ':' .. run_id then return {'CLOSED'} end
if not string.match(stock[2] or '', '^%d+$') or tonumber(stock[2]) > 9007199254740990 then return {'CORRUPT', 'last'} end
local length = redis.call('XLEN', journal_key)
local time = redis.call('TIME')
local now = tonumber(time[1])
local us = string.format('%.0f', math.max(time[1] * 1000000 + time[2], tonumber(stock[2]) + 1))
local members = redis.call('ZRANGEBYSCORE', due_key, '-inf', now, 'LIMIT', offset, MEMBERS)
local latest, fields, lines, drop, later, passed = {}, {}, {}, {}, {}, 0

local function state(record)
    local letter, version, quantity, at, due, user = string.match(record, '^(%u)(%d+):(%d+):(%d+):(%d+):([^"]*)')
    local queued = letter == 'A' and #redis.call('XRANGE', journal_key, at, at, 'COUNT', 1) > 0
    return queued and 'Q' or letter == 'A' and 'C' or letter, version, quantity, tonumber(due), user
end

-- Whether the member must stay, and until when: some order of it is QUEUED, or has a later deadline, or did not fit.
local function visit(member)
    local stays, due_later = false, nil
    for ref in string.gmatch(member, ' ([^ ]+)') do
        local record = latest[ref] or redis.call('HGET', orders_key, ref)
        local letter, version, quantity, due, user = state(record or 'X0:0:0:0:')
        if letter == 'Q' then
            passed = passed + 1
            return -- as are the others of its entry, as a rule: they are looked at when it is settled
        elseif letter == 'C' and due <= now and #lines >= most then
            stays = true
        elseif letter == 'C' and due > now then
            due_later = math.min(due_later or due, due)
        elseif letter == 'C' then
            latest[ref] = 'E' .. string.format('%.0f', version + 1) .. ':' .. quantity .. ':' .. us .. ':' .. string.format('%.0f', due) .. ':' .. user
            lines[#lines + 1] = '["' .. ref .. '","' .. user .. '",' .. quantity .. ',' .. version .. ']'
        end
    end
    if stays then
        passed = passed + 1
    elseif due_later then
        later[#later + 1], later[#later + 2] = due_later, member
    else
        drop[#drop + 1] = member
    end
end

for _, member in ipairs(members) do
    if #lines < most then visit(member) end
end
local entry = ''
if #lines > 0 then
    entry = '{"v":1,"id":"' .. uuid .. '","type":"expire","sku":"' .. string.match(stock_key, '{(%d+)}') .. '","generation":' ..
        generation .. ',"stream":"' .. us .. '-' .. r .. '","due":0,"lines":[' .. table.concat(lines, ',') .. ']}'
    redis.call('XADD', journal_key, us .. '-' .. r, 'e', entry)
    for ref, record in pairs(latest) do
        fields[#fields + 1], fields[#fields + 2] = ref, record
    end
    redis.call('HSET', orders_key, unpack(fields))
    redis.call('HSET', stock_key, 'last', us)
end
if #drop > 0 then redis.call('ZREM', due_key, unpack(drop)) end
if #later > 0 then redis.call('ZADD', due_key, unpack(later)) end
return {'OK', entry, us, length + (#lines > 0 and 1 or 0), #lines, passed, (#members == MEMBERS or #lines >= most) and 1 or 0}
