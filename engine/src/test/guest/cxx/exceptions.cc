// Exceptions through several frames, virtual calls, containers, iostreams and formatting.
#include <algorithm>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

namespace {

struct Noisy {
  explicit Noisy(std::string name) : name(std::move(name)) { std::cout << "make " << this->name << '\n'; }
  ~Noisy() { std::cout << "drop " << name << '\n'; }
  std::string name;
};

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};

struct Square : Shape {
  explicit Square(double side) : side(side) {}
  double area() const override { return side * side; }
  double side;
};

struct Circle : Shape {
  explicit Circle(double radius) : radius(radius) {}
  double area() const override { return 3.14159265358979 * radius * radius; }
  double radius;
};

class Refused : public std::runtime_error {
 public:
  explicit Refused(int depth) : std::runtime_error("refused at " + std::to_string(depth)), depth(depth) {}
  int depth;
};

int descend(int depth) {
  Noisy here("frame " + std::to_string(depth));
  if (depth == 4) throw Refused(depth);
  return descend(depth + 1) + 1;
}

}  // namespace

int main() {
  try {
    descend(0);
  } catch (const Refused &refused) {
    std::cout << "caught: " << refused.what() << ", depth " << refused.depth << '\n';
  }
  try {
    try {
      throw std::out_of_range("inner");
    } catch (const std::logic_error &) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  } catch (const std::exception &outer) {
    std::cout << outer.what();
    try {
      std::rethrow_if_nested(outer);
    } catch (const std::exception &inner) {
      std::cout << " from " << inner.what() << '\n';
    }
  }
  try {
    std::vector<int>().at(3);
  } catch (const std::out_of_range &) {
    std::cout << "no such element\n";
  }
  try {
    Shape *nothing = nullptr;
    std::cout << typeid(*nothing).name();
  } catch (const std::bad_typeid &) {
    std::cout << "no type\n";
  }
  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 1; i <= 5; i++) {
    if (i % 2) shapes.push_back(std::make_unique<Square>(i));
    else shapes.push_back(std::make_unique<Circle>(i));
  }
  double total = std::accumulate(shapes.begin(), shapes.end(), 0.0,
                                 [](double sum, const auto &shape) { return sum + shape->area(); });
  std::cout << std::fixed << std::setprecision(6) << total << '\n';
  std::map<std::string, int> words;
  std::istringstream text("the quick brown fox jumps over the lazy dog and the fox");
  for (std::string word; text >> word;) words[word]++;
  for (const auto &[word, count] : words) std::cout << std::setw(8) << word << ' ' << count << '\n';
  std::cout << std::regex_replace(std::string("a1b22c333"), std::regex("[0-9]+"), "<$&>") << '\n';
  std::ofstream("numbers.txt") << std::hex << std::showbase << 255 << ' ' << 4096 << '\n';
  std::ifstream back("numbers.txt");
  std::cout << back.rdbuf();
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::sort(numbers.begin(), numbers.end(), std::greater<>());
  std::cout << numbers.front() << ' ' << numbers.back() << '\n';
  std::cerr << "one line of complaint\n";
  return 3;
}
