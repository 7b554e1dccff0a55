// Allocation and containers: red-black tree, hash map and strings of the C++ library.
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <unordered_map>

int main() {
  uint64_t state = 1, sum = 0;
  for (int round = 0; round < 3; round++) {
    std::map<uint32_t, uint32_t> ordered;
    std::unordered_map<std::string, int> counts;
    for (int i = 0; i < 200000; i++) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      ordered[static_cast<uint32_t>(state >> 40)] += 1;
      counts["key-" + std::to_string(state >> 48)]++;
    }
    for (const auto &[key, value] : ordered) sum = sum * 31 + key * value;
    for (int i = 0; i < 200000; i++) sum += counts.count("key-" + std::to_string(i & 65535));
  }
  std::printf("%llu\n", static_cast<unsigned long long>(sum));
}
