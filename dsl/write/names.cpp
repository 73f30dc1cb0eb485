#include "dsl/write/names.h"

#include <fmt/format.h>

#include <cctype>

#include "compiler/code/registry.h"
#include "dsl/check/vocabulary.h"

namespace rg::dsl {

FreshNames::FreshNames() {
  for (const std::string& word : all_names()) used_.insert(word);
  for (const ops::OpInfo& op : ops::all_ops()) used_.emplace(op.name);
}

std::string FreshNames::fresh(std::string_view wanted) {
  std::string stem;
  for (const char c : wanted) stem += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  if (stem.empty() || std::isdigit(static_cast<unsigned char>(stem[0])) != 0 || stem == "_") stem = "t" + stem;
  std::string name = stem;
  for (int& k = next_[stem]; !used_.insert(name).second;) name = fmt::format("{}_{}", stem, ++k);
  return name;
}

}  // namespace rg::dsl
