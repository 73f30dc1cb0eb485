#include "tests/fuzz/mutate.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace rg::fuzz {

namespace {

constexpr std::size_t kLongest = 1U << 14;

constexpr std::string_view kNumbers[] = {"0",           "1",          "-1",     "2",
                                         "255",         "2147483647", "1e308",  "nan",
                                         "-2147483648", "4294967296", "1e-320", "9223372036854775807",
                                         "0.5",         "inf",        "1e400",  "99999999999999999999"};
using namespace std::string_view_literals;
constexpr std::string_view kSigns = "()[]{},;:.=<>+-*/^@!&|\"'\\`#$%~?_ \n\t\0\x7f\x80\xff"sv;

class Mutator {
 public:
  Mutator(std::string text, const std::vector<std::string>& seeds, std::mt19937_64& random)
      : text_(std::move(text)), seeds_(seeds), random_(random) {}

  void change() {
    switch (below(11)) {
      case 0:
        text_.erase(at(), 1 + below(8));
        break;
      case 1:
        text_.insert(at(), 1, kSigns[below(kSigns.size())]);
        break;
      case 2:
        if (!text_.empty()) text_[at() % text_.size()] = static_cast<char>(below(256));
        break;
      case 3:
        text_.insert(at(), part_of(text_));
        break;
      case 4:
        text_.insert(at(), part_of(seeds_[below(seeds_.size())]));
        break;
      case 5:
        replace_word([](unsigned char c) { return std::isdigit(c) != 0; }, kNumbers[below(std::size(kNumbers))]);
        break;
      case 6:
        replace_word(in_word, any_word(seeds_[below(seeds_.size())]));
        break;
      case 7:
        exchange_lines();
        break;
      case 8:
        if (!text_.empty()) text_[at() % text_.size()] ^= static_cast<char>(1U << below(8));
        break;
      case 9:
        repeat();
        break;
      default:
        if (text_.size() > 1 && below(4) == 0) text_.resize(at());
        break;
    }
    if (text_.size() > kLongest) text_.resize(kLongest);
  }

  std::string take() { return std::move(text_); }

 private:
  static bool in_word(unsigned char c) { return std::isalnum(c) != 0 || c == '_'; }
  std::size_t below(std::size_t n) { return n == 0 ? 0 : random_() % n; }
  std::size_t at() { return below(text_.size() + 1); }

  std::string part_of(const std::string& from) {
    const std::size_t start = below(from.size() + 1);
    return from.substr(start, 1 + below(40));
  }

  std::string any_word(const std::string& from) {
    const std::size_t start = below(from.size() + 1);
    const auto begin = std::find_if(from.begin() + static_cast<std::ptrdiff_t>(start), from.end(), in_word);
    return {begin, std::find_if_not(begin, from.end(), in_word)};
  }

  template <class Test>
  void replace_word(const Test& test, std::string_view by) {
    const auto begin = std::find_if(text_.begin() + static_cast<std::ptrdiff_t>(at()), text_.end(), test);
    const auto end = std::find_if_not(begin, text_.end(), test);
    text_.replace(begin, end, by);
  }

  void exchange_lines() {
    const auto line = [&] {
      const std::size_t from = text_.rfind('\n', at());
      const std::size_t begin = from == std::string::npos ? 0 : from + 1;
      return std::pair{begin, std::min(text_.find('\n', begin), text_.size()) - begin};
    };
    const auto [a, a_size] = line();
    const auto [b, b_size] = line();
    if (a + a_size >= b) return;
    const std::string first = text_.substr(a, a_size), second = text_.substr(b, b_size);
    text_.replace(b, b_size, first);
    text_.replace(a, a_size, second);
  }

  void repeat() {
    const std::string part = part_of(text_);
    const std::size_t place = at(), count = std::size_t{1} << below(9);
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += part;
    text_.insert(place, all);
  }

  std::string text_;
  const std::vector<std::string>& seeds_;
  std::mt19937_64& random_;
};

}  // namespace

std::string mutated(const std::vector<std::string>& seeds, std::mt19937_64& random) {
  Mutator m(seeds[random() % seeds.size()], seeds, random);
  for (std::uint64_t changes = 1 + random() % 8; changes > 0; --changes) m.change();
  return m.take();
}

}  // namespace rg::fuzz
