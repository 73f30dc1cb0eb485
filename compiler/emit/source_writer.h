// The writer of a function as `.rg` text: statements in source.cpp, the expression of one instruction in
// source_expression.cpp. Internal to emit/.
#pragma once

#include <map>
#include <stdexcept>

#include "compiler/code/clone.h"
#include "compiler/emit/source_text.h"

namespace rg::emit {

/// What the language has no spelling for; caught by `source`.
struct Unspellable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Writes one function. What has no spelling is thrown as Unspellable.
class Writer {
 public:
  explicit Writer(const ir::Function& f) : f_(f), uses_(ir::use_counts(f)), sizes_(f.size_names) {
    for (const std::string& s : sizes_) names_.take(s);
  }

  std::string function();

 private:
  // ---- values ----
  const std::vector<ir::Dim>& dims(ir::ValueId v) const { return f_.type(v).dims; }
  Text text(ir::ValueId v) const { return text_.at(v); }
  std::string at(ir::ValueId v, Binds least) const { return text_.at(v).at(least); }
  std::string arg(ir::ValueId v) const { return at(v, Binds::lambda); }
  /// A name for the value, whatever its text.
  std::string named(ir::ValueId v);
  std::string wanted_name(ir::ValueId v) const { return f_.value(v).name.empty() ? "t" : f_.value(v).name; }
  void line(const std::string& s) { out_ += std::string(2 * indent_, ' ') + s + "\n"; }
  void define(ir::ValueId v, const Text& t);
  void bind(const std::vector<ir::ValueId>& results, const std::string& value);
  std::string shape(const std::vector<ir::Dim>& d) const { return shape_list(d, sizes_); }
  Text extent_of(const ir::Dim& d) const { return extent(d, sizes_); }

  // ---- instructions ----
  void block(const ir::Block& b);
  void instruction(const ir::Instr& i);
  Text expression(const ir::Instr& i);
  Text elementwise(const ir::Instr& i);
  Text constant(const ir::Instr& i) const;
  Text splat(const ir::Instr& i, bool typed) const;
  Text convert(const ir::Instr& i) const;
  Text broadcast(const ir::Instr& i) const;
  Text slice(const ir::Instr& i);
  Text place(const ir::Instr& i);
  Text reduce(const ir::Instr& i) const;
  Text contract(const ir::Instr& i);
  Text gather(const ir::Instr& i);
  Text scatter_add(const ir::Instr& i);
  void loop(const ir::Instr& i);
  void branch(const ir::Instr& i);
  void sort(const ir::Instr& i);
  std::string tuple(const std::vector<ir::ValueId>& values) const;
  std::string zero(ir::Elem e) const {
    return e == ir::Elem::boolean ? "false"
           : ir::is_float(e)      ? real_literal(e, 0, true).text
                                  : integer_literal(e, 0, true).text;
  }
  /// One index variable a dimension, and "i: n, j: m".
  std::vector<std::string> index_names(std::size_t count);
  std::string indices(const std::vector<std::string>& names, const std::vector<ir::Dim>& extents) const;
  std::string subscript(ir::ValueId v, const std::vector<std::string>& at);

  const ir::Function& f_;
  std::vector<std::uint32_t> uses_;
  std::vector<std::string> sizes_;
  Names names_;
  std::map<ir::ValueId, Text> text_;
  std::string out_;
  std::size_t indent_ = 1;
};

}  // namespace rg::emit
