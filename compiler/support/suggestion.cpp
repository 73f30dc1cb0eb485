#include "compiler/support/suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace rg {

namespace {

/// Insertions, deletions, replacements and exchanges of neighbours that turn `a` into `b`: Damerau's distance in its
/// restricted form, optimal string alignment.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

bool same_letters(const std::string& a, const std::string& b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::string suggestion(const std::string& name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = name.size() <= 3 ? 2 : 3;
  for (const std::string& c : candidates) {
    if (c.empty() || c == "_") continue;
    const std::size_t d = same_letters(name, c) ? 0 : distance(name, c);
    if (d < best_distance && (d == 0 || d < name.size())) {
      best_distance = d;
      best = c;
    }
  }
  return best.empty() ? "" : fmt::format("did you mean `{}`?", best);
}

}  // namespace rg
