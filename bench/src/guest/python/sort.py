"""Sorting: numbers, strings, keys and partial orders, and a heap."""
import heapq
import random

random.seed(1)
numbers = [random.random() for _ in range(300_000)]
print(sorted(numbers)[1000] == heapq.nsmallest(1001, numbers)[-1])
words = [str(n)[2:10] for n in numbers]
words.sort()
pairs = sorted(zip(words, numbers), key=lambda pair: (pair[0][-1], pair[1]))
print(words[0], pairs[0][0])
heap = []
for number in numbers[:120_000]:
    heapq.heappush(heap, number)
print(sum(heapq.heappop(heap) for _ in range(100_000)) > 0)
