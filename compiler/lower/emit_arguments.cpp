// Arrays that a function is called with: null, not aligned to their elements, or results that overlap.
#include "compiler/lower/emitter.h"

namespace rg::lower {

using plan::Dim;
using V = Emitter::V;

namespace {

/// Memory that the caller gives, from `start` to before `end`. Without elements it starts at the highest address, so
/// that it overlaps nothing.
struct Array {
  std::string name;
  V start, end;
  V null;                // whether it has elements and no memory
  V misaligned;          // null where elements are single bytes
  V overlaps = nullptr;  // of results
};

}  // namespace

void Emitter::argument_checks() {
  const auto or_else = [&](V a, V b) { return !a ? b : !b ? a : b_.CreateOr(a, b); };
  const auto array = [&](plan::BufferId id, std::string name) {
    const plan::Buffer& buffer = plan_.buffer(id);
    const std::int64_t unit = ir::byte_size(buffer.elem);
    V bytes = whole(unit);  // what leaves 64 bits was refused before
    for (const Dim& d : buffer.dims) bytes = b_.CreateMul(bytes, dim(d));
    V empty = b_.CreateICmpEQ(bytes, whole(0));
    V address = b_.CreatePtrToInt(bases_[id.index], b_.getInt64Ty());
    V nonempty = b_.CreateNot(empty);
    Array out{std::move(name), b_.CreateSelect(empty, whole(-1), address), b_.CreateAdd(address, bytes),
              b_.CreateAnd(nonempty, b_.CreateICmpEQ(address, whole(0))), nullptr};
    if (unit > 1) {
      V rest = b_.CreateAnd(address, whole(unit - 1));
      out.misaligned = b_.CreateAnd(nonempty, b_.CreateICmpNE(rest, whole(0)));
    }
    return out;
  };
  std::vector<Array> arrays;
  for (const plan::BufferId id : plan_.inputs) {
    if (!plan_.buffer(id).dims.empty()) arrays.push_back(array(id, plan_.buffer(id).name));
  }
  const std::size_t inputs = arrays.size();
  const std::vector<std::string> results = plan::result_names(plan_);
  for (std::size_t i = 0; i < plan_.outputs.size(); ++i) arrays.push_back(array(plan_.outputs[i], results[i]));
  V bad = nullptr;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    Array& a = arrays[i];
    for (std::size_t j = 0; i >= inputs && j < i; ++j) {
      V both = b_.CreateAnd(b_.CreateICmpULT(a.start, arrays[j].end), b_.CreateICmpULT(arrays[j].start, a.end));
      a.overlaps = or_else(a.overlaps, both);
    }
    for (V wrong : {a.null, a.misaligned, a.overlaps}) bad = or_else(bad, wrong);
  }
  if (!bad) return;
  fail_if(bad, RG_INVALID_ARGUMENT, [&] {
    V message = b_.CreateGlobalString("an array is not as it should be");
    for (std::size_t i = arrays.size(); i-- > 0;) {
      const Array& a = arrays[i];
      const auto where = [&](V wrong, std::string_view what) {
        if (wrong)
          message = b_.CreateSelect(wrong, b_.CreateGlobalString("`" + a.name + "` " + std::string(what)), message);
      };
      where(a.overlaps, "overlaps another array: the memory of a result is its own");
      where(a.misaligned, "is not aligned to its elements");
      where(a.null, "is null");
    }
    return message;
  });
}

}  // namespace rg::lower
