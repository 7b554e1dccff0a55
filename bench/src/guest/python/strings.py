"""Strings: splitting, joining, formatting, replacing, encoding and regular expressions."""
import re

text = " ".join("word%d item-%x" % (i, i * 31) for i in range(20_000))
total = 0
for round in range(50):
    words = text.split()
    total += len("-".join(w.upper() for w in words))
    total += sum(f"{i}:{w[:3]}:{i:>6}".count("1") for i, w in enumerate(words))
    total += len(text.replace("item", "thing")) + text.find("item-9z")
    total += len(re.findall(r"item-([0-9a-f]+)5\b", text))
    total += len(text.encode("utf-16").decode("utf-16"))
print(total)
