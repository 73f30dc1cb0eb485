#include "compiler/driver/opaque.h"

#include <fmt/format.h>

#include "compiler/ops/all.h"

namespace rg::driver {

using namespace ir;

namespace {

Tensor value_of(const ops::Constant::Attrs& constant) {
  std::vector<std::int64_t> shape;
  for (const Dim& d : constant.dims) shape.push_back(d.constant());
  Tensor t(constant.elem, std::move(shape));
  for (std::size_t i = 0; i < t.reals.size(); ++i) {
    const double v = constant.reals[constant.reals.size() == 1 ? 0 : i];
    t.reals[i] = t.elem == Elem::f32 ? static_cast<double>(static_cast<float>(v)) : v;
  }
  for (std::size_t i = 0; i < t.integers.size(); ++i)
    t.integers[i] = constant.integers[constant.integers.size() == 1 ? 0 : i];
  return t;
}

}  // namespace

Opaque opaque(Function f) {
  std::vector<Tensor> arguments;
  std::vector<ValueId> fresh;
  for (Block& block : f.blocks) {
    std::erase_if(block.instrs, [&](InstrId id) {
      const Instr& i = f.instr(id);
      if (i.op != ops::opcode<ops::Constant>()) return false;
      arguments.push_back(value_of(ops::attrs_of<ops::Constant>(i)));
      fresh.push_back(i.results[0]);
      return true;
    });
  }
  std::vector<ValueId>& params = f.block(f.body).params;
  for (const ValueId v : fresh) {
    Value& value = f.value(v);
    value.instr = InstrId();
    value.block = f.body;
    value.number = static_cast<std::uint32_t>(params.size());
    params.push_back(v);
    Tree leaf;
    leaf.name = fmt::format("constant{}", params.size());
    f.signature.params.push_back(std::move(leaf));
  }
  return {std::move(f), std::move(arguments)};
}

}  // namespace rg::driver
