#!lua flags=allow-oom
-- A worker of an engine says that it is there, and which question it has answered (docs/FORMATS.md, "Engines").
-- KEYS: engines
-- ARGV: worker's name, the question it answers or ''
-- Returns: OK, the open question or ''
local engines_key = KEYS[1]
local name, answer = ARGV[1], ARGV[2]
local question = redis.call('HGET', engines_key, '?')
local time = redis.call('TIME')
redis.call('HSET', engines_key, name, string.format('%.0f:%s', time[1] * 1000 + math.floor(time[2] / 1000), answer))
return {'OK', question or ''}
