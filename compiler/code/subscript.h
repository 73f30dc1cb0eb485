// Checks of subscripts: an `assert` with a `subscript` says where a position of the program left its extent.
//
//   subscript = [extent]               the position is a value, found in the condition by `subscript_of`
//   subscript = [extent, position]     the position is an expression of sizes
//   subscript = [extent, begin, end]   a slice
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/ir/module.h"

namespace rg::ir {

/// The values whose elements a condition compares with the extent, one at each combination of `axes`.
struct SubscriptCheck {
  /// A value and which of `axes` each of its dimensions runs along.
  struct Term {
    ValueId value;
    std::vector<std::size_t> axes;
  };
  std::vector<Dim> axes;
  Term index;
  std::vector<Term> skipped;  // elements at which one of these is true are not checked
};

/// What the condition of an assertion on a subscript compares; nothing where its form is another.
std::optional<SubscriptCheck> subscript_of(const Function& f, ValueId condition);

/// The words that stand before the numbers behind the message of a check with such extents: one for each of `dims`,
/// and one for the position where that is a value.
std::vector<std::string> words_of_check(const std::vector<Dim>& dims, const std::vector<std::string>& size_names);

/// An element of a value of the call that failed.
using ElementOf = std::function<std::int64_t(ValueId value, std::span<const std::int64_t> index)>;

/// What stands behind the message of an assertion that does not hold: "" or, of a subscript, its numbers.
std::string numbers_of_check(const Function& f, const Instr& assertion, std::span<const std::int64_t> sizes,
                             const ElementOf& element);

}  // namespace rg::ir
