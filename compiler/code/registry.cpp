// The table of ops, family by family in the order of the list in all.h.
#include "compiler/code/registry.h"

#include <map>

#include "compiler/ops/all.h"

namespace rg::ops {

template <class Family>
std::vector<OpInfo> family_rows(Family family);

namespace {

template <class... Families>
std::vector<OpInfo> table(FamilyList<Families...>) {
  std::vector<OpInfo> rows;
  for (const auto& family : {family_rows(Families{})...}) rows.insert(rows.end(), family.begin(), family.end());
  return rows;
}

}  // namespace

std::span<const OpInfo> all_ops() {
  static const std::vector<OpInfo> rows = table(AllFamilies{});
  return rows;
}

const OpInfo& info(Opcode code) { return all_ops()[code.index]; }

std::optional<Opcode> opcode_named(std::string_view name) {
  static const std::map<std::string_view, Opcode> by_name = [] {
    std::map<std::string_view, Opcode> names;
    for (const OpInfo& r : all_ops()) names.emplace(r.name, r.code);
    return names;
  }();
  const auto at = by_name.find(name);
  if (at == by_name.end()) return std::nullopt;
  return at->second;
}

}  // namespace rg::ops
