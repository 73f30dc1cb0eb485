#include "compiler/driver/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "compiler/api/sizes.h"
#include "compiler/jit/session.h"
#include "compiler/ops/all.h"
#include "compiler/oracle/oracle.h"
#include "compiler/plan/plan.h"
#include "compiler/support/diagnostic.h"

namespace rg::driver {

using namespace ir;

namespace {

/// What a status of a call is to the user, with a message where the context has none.
struct Status {
  int status;
  Code code;
  std::string_view message;
};
constexpr Status kStatuses[] = {
    {RG_ASSERTION_FAILED, Code::check_failed, "an assertion failed"},
    {RG_INDEX_OUT_OF_RANGE, Code::check_failed, "a subscript is out of range"},
    {RG_OUT_OF_MEMORY, Code::out_of_memory, "out of memory"},
    {RG_INVALID_ARGUMENT, Code::impossible_extent, "an extent is negative or too large for these sizes"},
};

constexpr std::int64_t kAddressSpace = std::int64_t{1} << 47;  // of a process on x86-64, in bytes

using Bytes = std::vector<unsigned char>;

template <class T>
void put(Bytes& out, std::size_t i, T v) {
  std::memcpy(out.data() + i * sizeof(T), &v, sizeof(T));
}
template <class T>
T get(const Bytes& in, std::size_t i) {
  T v;
  std::memcpy(&v, in.data() + i * sizeof(T), sizeof(T));
  return v;
}

Bytes packed(const Tensor& t) {
  const auto n = static_cast<std::size_t>(t.count());
  Bytes out(n * static_cast<std::size_t>(byte_size(t.elem)) + 64);  // never empty
  for (std::size_t i = 0; i < n; ++i) {
    switch (t.elem) {
      case Elem::f32:
        put(out, i, static_cast<float>(t.reals[i]));
        break;
      case Elem::f64:
        put(out, i, t.reals[i]);
        break;
      case Elem::i32:
        put(out, i, static_cast<std::int32_t>(t.integers[i]));
        break;
      case Elem::i64:
        put(out, i, t.integers[i]);
        break;
      case Elem::boolean:
        put(out, i, static_cast<std::uint8_t>(t.integers[i]));
        break;
    }
  }
  return out;
}

Tensor unpacked(const Bytes& in, Elem elem, std::vector<std::int64_t> shape) {
  Tensor t(elem, std::move(shape));
  const auto n = static_cast<std::size_t>(t.count());
  for (std::size_t i = 0; i < n; ++i) {
    switch (elem) {
      case Elem::f32:
        t.reals[i] = static_cast<double>(get<float>(in, i));
        break;
      case Elem::f64:
        t.reals[i] = get<double>(in, i);
        break;
      case Elem::i32:
        t.integers[i] = get<std::int32_t>(in, i);
        break;
      case Elem::i64:
        t.integers[i] = get<std::int64_t>(in, i);
        break;
      case Elem::boolean:
        t.integers[i] = get<std::uint8_t>(in, i);
        break;
    }
  }
  return t;
}

}  // namespace

oracle::Outcome interpret(const Module& module, const Function& f, std::span<const std::int64_t> sizes,
                          const std::vector<Tensor>& arguments, int bits) {
  for (const Type& t : f.result_types()) {
    if (const auto shape = api::shape_of(f, t, sizes); !shape) return {shape.failure()};
  }
  return oracle::evaluate(module, f, sizes, arguments, bits);
}

Result<std::vector<Tensor>> call(const Function& f, std::span<const std::int64_t> sizes,
                                 const std::vector<Tensor>& arguments, const CallOptions& o, Span* place) {
  std::vector<std::vector<std::int64_t>> shapes;
  for (const Type& t : f.result_types()) {
    auto shape = api::shape_of(f, t, sizes);
    if (!shape) return shape.failure();
    shapes.push_back(std::move(*shape));
  }
  plan::PlanOptions plan_options = o.plan;
  plan_options.target = jit::host_target();
  const plan::Plan p = plan::make_plan(f, plan_options);
  if (o.dump_plan) fmt::print(stderr, "{}", plan::print(p));
  auto session = jit::Session::create({.opt_level = o.opt_level, .strict = o.plan.strict, .fast = o.plan.fast});
  if (!session) return session.failure();
  const auto entry = (*session)->add(p);
  if (!entry) return entry.failure();
  std::vector<Bytes> inputs, outputs;
  std::vector<const void*> in;
  std::vector<void*> out;
  for (const Tensor& t : arguments) inputs.push_back(packed(t));
  for (const Type& t : f.result_types()) {
    const auto bytes = (t.count() * Dim(byte_size(t.elem))).evaluate(sizes).value_or(0);
    if (bytes > kAddressSpace) return Failure{"out of memory", Code::out_of_memory};
    outputs.emplace_back(static_cast<std::size_t>(bytes) + 64);
  }
  for (const Bytes& b : inputs) in.push_back(b.data());
  for (Bytes& b : outputs) out.push_back(b.data());
  const std::unique_ptr<rg_context, void (*)(rg_context*)> context(rg_context_create(o.threads), rg_context_destroy);
  const int status = entry->packed(sizes.data(), in.data(), out.data(), context.get());
  if (status != RG_OK) {
    const auto* row = std::ranges::find(kStatuses, status, &Status::status);
    if (row == std::end(kStatuses)) return Failure{fmt::format("the call failed with status {}", status)};
    const std::string message = rg_error_message(context.get());
    for (const Instr& i : f.instrs) {
      const bool own = i.op == ops::opcode<ops::Assert>() && plan::place_of(i.span) == rg_error_place(context.get());
      if (place != nullptr && own && message.starts_with(ops::attrs_of<ops::Assert>(i).message)) *place = i.span;
    }
    return Failure{message.empty() ? std::string(row->message) : message, row->code};
  }
  std::vector<Tensor> results;
  const auto types = f.result_types();
  for (std::size_t i = 0; i < types.size(); ++i) results.push_back(unpacked(outputs[i], types[i].elem, shapes[i]));
  return results;
}

}  // namespace rg::driver
