"""Dictionaries and sets: integer, string and tuple keys, updates and iteration."""
table, names, seen = {}, {}, set()
for i in range(2_000_000):
    key = i * 7919 % 200_003
    table[key] = table.get(key, 0) + i
    seen.add((key & 1023, i & 7))
for i in range(1_500_000):
    name = "key%d" % (i % 50_000)
    names[name] = names.get(name, 0) + 1
print(sum(table.values()) & 0xFFFF, len(names), len(seen), sum(1 for k, v in table.items() if v > k))
merged = {**{str(k): v for k, v in table.items()}, **names}
print(len(merged))
