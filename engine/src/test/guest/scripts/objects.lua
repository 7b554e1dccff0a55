-- Tables, metatables, closures, coroutines, string library, integers and floats, errors, files.
local Account = {}
Account.__index = Account
Account.__tostring = function(self) return "account of " .. self.owner .. ": " .. self.balance end
Account.__add = function(a, b) return Account.new(a.owner .. "+" .. b.owner, a.balance + b.balance) end
function Account.new(owner, balance) return setmetatable({owner = owner, balance = balance}, Account) end
function Account:withdraw(amount)
  if amount > self.balance then error({code = "poor", by = amount - self.balance}) end
  self.balance = self.balance - amount
end
local a, b = Account.new("ann", 10), Account.new("bob", 5.5)
print(a + b)
a:withdraw(3)
print(a, pcall(b.withdraw, b, 1))
local ok, problem = pcall(b.withdraw, b, 100)
print(ok, problem.code, problem.by)
local function primes(limit)
  return coroutine.wrap(function()
    local composite = {}
    for n = 2, limit do
      if not composite[n] then
        coroutine.yield(n)
        for m = n * n, limit, n do composite[m] = true end
      end
    end
  end)
end
local sum, count = 0, 0
for p in primes(100000) do sum, count = sum + p, count + 1 end
print(sum, count)
print(("hello world"):gsub("o", "0"), ("key = value"):match("^(%w+)%s*=%s*(%w+)$"))
print(string.format("%5.2f|%-5s|%05d|%x|%q", 3.14159, "ab", 42, 255, 'quote"d'))
print(math.maxinteger, math.mininteger // -1, 7 // 2, -7 // 2, 7 % -3, 2 ^ 0.5, 10 / 2, 1e15, 2^53)
print(math.sin(1), math.type(1), math.type(1.0), 3 | 4, ~0, 1 << 62, "10" + 5)
local words = {}
for word in ("the cat and the dog and the bird"):gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
local keys = {}
for key in pairs(words) do keys[#keys + 1] = key end
table.sort(keys, function(x, y) return words[x] > words[y] or words[x] == words[y] and x < y end)
for _, key in ipairs(keys) do io.write(key, "=", words[key], " ") end
print()
local file = assert(io.open("lua.txt", "w"))
for i = 1, 1000 do file:write(i, "\n") end
file:close()
local total = 0
for line in io.lines("lua.txt") do total = total + tonumber(line) end
print(total, #table.concat(keys), select("#", table.unpack(keys)))
print(io.open("missing/file"))
print(string.pack("<i4d", 7, 1.5):byte(1, -1))
print(os.date("!%Y-%m-%d", 0), os.getenv("HOME") ~= nil, utf8.char(228, 19990), utf8.len("äöü"))
collectgarbage()
goto finish
print("not reached")
::finish::
error("at the end")
