// The tensor IR: a module of functions in SSA form with structured control flow. Pure data; ids index the tables of
// one function.
//
// Invariants (the verifier's list, verify.h, numbers them): every value is defined once, by a block's parameter or an
// instruction; a use is dominated by its definition (a region sees the values of the blocks around it); types agree
// with each op's rule; a region is one block.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "compiler/ir/attributes.h"
#include "compiler/support/ids.h"
#include "compiler/support/source.h"

namespace rg::ir {

using ValueId = Id<struct ValueTag>;
using InstrId = Id<struct InstrTag>;
using BlockId = Id<struct BlockTag>;
/// Index of an op in ops::AllOps; see compiler/code/registry.h.
using Opcode = Id<struct OpcodeTag>;

struct Instr {
  Opcode op;
  std::vector<ValueId> operands;
  std::vector<ValueId> results;
  Attributes attrs;
  std::vector<BlockId> regions;
  Span span;
};

/// The function of the module that the instruction refers to, null where it refers to none.
const std::string* callee(const Instr& instr);

/// Straight-line code: parameters, instructions in order, and the values it yields.
struct Block {
  std::vector<ValueId> params;
  std::vector<InstrId> instrs;
  std::vector<ValueId> yields;
};

struct Value {
  Type type;
  std::string name;          // the user's name where there is one; not unique
  InstrId instr;             // invalid for a block parameter
  BlockId block;             // the block whose parameter it is, or that holds the instruction
  std::uint32_t number = 0;  // position among the results or parameters
};

/// The user's view of flattened parameters or results. Leaves of kind tensor stand for consecutive values, in order.
struct Tree {
  enum class Kind : std::uint8_t { tensor, structure, tuple, size };
  Kind kind = Kind::tensor;
  std::string name;        // of the parameter or field
  std::string type_name;   // of a structure
  std::uint32_t size = 0;  // of kind size: its index
  std::vector<Tree> fields;
  std::size_t leaf_count() const;
  bool operator==(const Tree&) const = default;
};

struct Signature {
  std::vector<Tree> params;
  Tree result;
  bool operator==(const Signature&) const = default;

  /// Names of the flattened parameters and results in order, the parts joined: "x", "p.w1", "t.0"; a result alone has
  /// "".
  std::vector<std::string> param_names(std::string_view joint = ".") const;
  std::vector<std::string> result_names(std::string_view joint = ".") const;
};

/// One function. Its sizes are int64 parameters before the tensors; every Dim in it is over them.
struct Function {
  std::string name;
  std::string doc;
  bool exported = false;
  std::vector<std::string> size_names;
  Signature signature;
  Span span;
  BlockId body;              // params are the flattened parameters, yields the flattened results
  std::deque<Block> blocks;  // deques: references stay valid while code is added
  std::deque<Instr> instrs;
  std::deque<Value> values;

  Block& block(BlockId id) { return blocks[id.index]; }
  const Block& block(BlockId id) const { return blocks[id.index]; }
  Instr& instr(InstrId id) { return instrs[id.index]; }
  const Instr& instr(InstrId id) const { return instrs[id.index]; }
  Value& value(ValueId id) { return values[id.index]; }
  const Value& value(ValueId id) const { return values[id.index]; }
  const Type& type(ValueId id) const { return values[id.index].type; }
  /// The instruction that defines the value, or null for a block's parameter.
  const Instr* definition(ValueId id) const {
    const InstrId i = values[id.index].instr;
    return i.valid() ? &instrs[i.index] : nullptr;
  }
  std::vector<Type> param_types() const;
  std::vector<Type> result_types() const;
};

/// Functions by name, in the order in which they were added.
struct Module {
  std::deque<Function> functions;  // references stay valid as functions are added

  Function* find(std::string_view name);
  const Function* find(std::string_view name) const;
  /// `stem`, or `stem.1`, `stem.2`, …: a name that no function has.
  std::string unique_name(std::string_view stem) const;
};

/// Equal but for spans, the numbering of ids and what no block refers to. NaNs are equal.
bool same(const Function& a, const Function& b);
bool same(const Module& a, const Module& b);

}  // namespace rg::ir
