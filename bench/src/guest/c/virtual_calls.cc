// Virtual calls through an array of mixed objects, and calls through std::function.
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

struct Node {
  virtual ~Node() = default;
  virtual unsigned apply(unsigned value) const = 0;
};

template <int K>
struct Step : Node {
  unsigned apply(unsigned value) const override { return value * (2 * K + 1) + K; }
};

int main() {
  std::vector<std::unique_ptr<Node>> nodes;
  for (int i = 0; i < 4096; i++) {
    switch ((i * 2654435761u) >> 29) {
      case 0: nodes.push_back(std::make_unique<Step<0>>()); break;
      case 1: nodes.push_back(std::make_unique<Step<1>>()); break;
      case 2: nodes.push_back(std::make_unique<Step<2>>()); break;
      case 3: nodes.push_back(std::make_unique<Step<3>>()); break;
      default: nodes.push_back(std::make_unique<Step<4>>()); break;
    }
  }
  unsigned value = 1;
  for (int round = 0; round < 30000; round++) {
    for (const auto &node : nodes) value = node->apply(value);
  }
  std::vector<std::function<unsigned(unsigned)>> functions;
  for (unsigned i = 0; i < 16; i++) functions.emplace_back([i](unsigned v) { return v ^ (v >> 3) ^ i; });
  for (int round = 0; round < 3000000; round++) {
    for (const auto &function : functions) value = function(value);
  }
  std::printf("%u\n", value);
}
