#!lua flags=allow-oom
-- Who of the engines' workers is there, and who has answered a recovery's question (docs/FORMATS.md, "Engines").
-- KEYS: engines
-- ARGV: the question that is put, or '' (none: it only looks), silence in ms after which a worker is forgotten
-- Returns: OK, then per worker: name, ms since it was heard, the question it has answered or ''; or CORRUPT, what
local engines_key = KEYS[1]
local question, silence_ms = ARGV[1], tonumber(ARGV[2])
local words = redis.call('HGETALL', engines_key)
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if not string.match(question, '^[%x-]*$') then
    return {'CORRUPT', 'question'}
elseif not silence_ms or silence_ms ~= math.floor(silence_ms) then
    return {'CORRUPT', 'silence'}
end
local reply = {'OK'}
local gone = {}
for i = 1, #words, 2 do
    local heard_ms, answer = string.match(words[i + 1], '^(%d+):([%x-]*)$')
    if words[i] ~= '?' and (not heard_ms or now_ms - heard_ms > silence_ms) then
        gone[#gone + 1] = words[i]
    elseif words[i] ~= '?' then
        reply[#reply + 1] = words[i]
        reply[#reply + 1] = math.max(now_ms - heard_ms, 0)
        reply[#reply + 1] = answer
    end
end
if question ~= '' then
    redis.call('HSET', engines_key, '?', question)
end
for i = 1, #gone do
    redis.call('HDEL', engines_key, gone[i])
end
return reply
