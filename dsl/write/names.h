// Names of written programs.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace rg::dsl {

/// Gives out names that are identifiers, no words of the language, and distinct.
class FreshNames {
 public:
  FreshNames();
  /// `wanted` where it is free, or a name like it.
  std::string fresh(std::string_view wanted);
  /// Takes a name as it stands.
  void take(const std::string& name) { used_.insert(name); }

 private:
  std::set<std::string> used_;
  std::map<std::string, int> next_;  // numbers given out, by stem
};

}  // namespace rg::dsl
