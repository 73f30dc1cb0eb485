#include "compiler/plan/build/sizes.h"

#include <algorithm>

#include "compiler/ops/all.h"

namespace rg::plan {

namespace {

/// A constant, a size and a size less a constant are numbers as they are: sizes are at least 0.
bool plain(const Dim& d) {
  if (d.is_constant() || d.as_size()) return true;
  for (const Dim::Term& t : d.terms()) {
    if (t.atoms.empty() && t.coefficient < 0) return (d - Dim(t.coefficient)).as_size().has_value();
  }
  return false;
}

/// The array with its constant extents in the bytes where they fit, the others sorted.
Sizes::Array array_of(const ir::Type& type) {
  Sizes::Array out{ir::byte_size(type.elem), {}};
  for (const Dim& d : type.dims) {
    std::int64_t bytes = 0;
    const bool joins = d.is_constant() && d.constant() >= 0 &&
                       !__builtin_mul_overflow(out.bytes, std::max<std::int64_t>(d.constant(), 1), &bytes);
    if (joins)
      out.bytes = bytes;
    else
      out.extents.push_back(d);
  }
  std::sort(out.extents.begin(), out.extents.end());
  return out;
}

bool has_sizes(const Dim& d) {
  bool any = false;
  d.for_each_size([&](std::uint32_t) { any = true; });
  return any;
}

}  // namespace

void SizeNeeds::know(const ir::Type& type) { arrays_.push_back(array_of(type)); }

void SizeNeeds::forget(Mark mark) {
  values_.resize(mark.values);
  arrays_.resize(mark.arrays);
}

// An array with at least the same extents and bytes holds.
bool SizeNeeds::known(const Sizes::Array& array) const {
  return std::ranges::any_of(arrays_, [&](const Sizes::Array& other) {
    return array.bytes <= other.bytes &&
           std::includes(other.extents.begin(), other.extents.end(), array.extents.begin(), array.extents.end());
  });
}

void SizeNeeds::ask(const Dim& value, Sizes& to) {
  if (plain(value) || std::ranges::find(values_, value) != values_.end()) return;
  values_.push_back(value);
  to.values.push_back(value);
}

void SizeNeeds::ask(const ir::Type& type, Sizes& to) {
  Sizes::Array array = array_of(type);
  if (array.extents.empty() || known(array)) return;
  to.arrays.push_back(array);
  arrays_.push_back(std::move(array));
}

void SizeNeeds::ask(const ir::Instr& instr, Sizes& to) {
  for (const ValueId r : instr.results) ask(f_.type(r), to);
  if (const auto* a = instr.attrs.get_if<ops::StridedAttrs>()) {
    for (const Dim& d : a->starts) ask(d, to);
  }
  if (const auto* a = instr.attrs.get_if<ops::PlaceAttrs>()) {
    for (const Dim& d : a->starts) ask(d, to);
  }
  if (const auto* a = instr.attrs.get_if<ops::Size::Attrs>()) ask(a->dim, to);
  if (const auto* a = instr.attrs.get_if<ops::For::Attrs>(); a && has_sizes(a->trip))
    ask(ir::Type{Elem::boolean, {a->trip}}, to);
}

// A loop inside may have no steps though the one around has some: what only its steps ask is not known behind it.
void SizeNeeds::ask(ir::BlockId block, Needs& to) {
  for (const ir::InstrId i : f_.block(block).instrs) {
    const ir::Instr& instr = f_.instr(i);
    ask(instr, to.here);
    if (instr.op != ops::opcode<ops::For>()) continue;
    const Mark before = mark();
    ask_steps(instr, to);
    forget(before);
  }
}

void SizeNeeds::ask_steps(const ir::Instr& loop, Needs& to) {
  Needs inside;
  ask(loop.regions[0], inside);
  if (!inside.empty()) to.loops.push_back({ops::attrs_of<ops::For>(loop).trip, std::move(inside)});
}

SizeNeeds::Needs SizeNeeds::of(const ir::Instr& instr) {
  Needs out;
  ask(instr, out.here);
  out.behind = mark();
  if (instr.op == ops::opcode<ops::For>()) ask_steps(instr, out);
  return out;
}

}  // namespace rg::plan
