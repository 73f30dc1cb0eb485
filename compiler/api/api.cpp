// The public C++ API over the phases. Everything that may throw (internal errors, memory) ends here as a message.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <runegrad/runegrad.hpp>

#include "compiler/api/sizes.h"
#include "compiler/api/unit.h"
#include "compiler/jit/session.h"
#include "compiler/plan/plan.h"

namespace runegrad {

namespace {

std::vector<Slot> slots(const std::vector<std::string>& names, const std::vector<rg::ir::Type>& types,
                        const std::vector<std::string>& sizes) {
  std::vector<Slot> out;
  for (std::size_t i = 0; i < types.size(); ++i) out.push_back({i < names.size() ? names[i] : "", types[i].str(sizes)});
  return out;
}

/// Memory of a call: where, of which length, and whose.
struct Memory {
  std::string name;
  std::uintptr_t begin, end;
  bool output;
};

/// The memory of an argument of `t.shape`; what is wrong with it goes to `why`.
Memory memory_of(const TensorRef& t, const std::string& name, bool output, std::string& why) {
  std::int64_t count = 1;
  bool fits = true;
  for (const std::int64_t e : t.shape) fits = fits && e >= 0 && !__builtin_mul_overflow(count, e, &count);
  const auto unit = static_cast<std::int64_t>(rg::ir::byte_size(static_cast<rg::ir::Elem>(t.elem)));
  const auto at = reinterpret_cast<std::uintptr_t>(t.data);
  std::int64_t bytes = 0;
  if (!fits || __builtin_mul_overflow(count, unit, &bytes) || (t.count >= 0 && t.count != count)) {
    why = fmt::format("{} has the shape {}, and its memory holds {} element{}", name, rg::api::shape_str(t.shape),
                      t.count, t.count == 1 ? "" : "s");
  } else if (bytes > 0 && at == 0) {
    why = name + " is null";
  } else if (bytes > 0 && at % static_cast<std::uintptr_t>(unit) != 0) {
    why = name + " is not aligned to its elements";
  }
  const bool by_value = !output && t.shape.empty();
  return {name, at, by_value ? at : at + static_cast<std::uintptr_t>(bytes), output};
}

/// Empty, or what is wrong with the memory of a call: the C function refuses most of it too, by a status.
std::string wrong_memory(const std::vector<TensorRef>& inputs, const std::vector<Slot>& input_slots,
                         const std::vector<TensorRef>& outputs, const std::vector<Slot>& output_slots) {
  std::vector<Memory> all;
  std::string why;
  const auto add = [&](const TensorRef& t, const Slot& slot, std::size_t i, bool output) {
    const std::string kind = output ? "output" : "input";
    const std::string name =
        slot.name.empty() ? fmt::format("{} {}", kind, i + 1) : fmt::format("{} `{}`", kind, slot.name);
    if (!why.empty()) return;
    all.push_back(memory_of(t, name, output, why));
    for (std::size_t k = 0; why.empty() && k + 1 < all.size(); ++k) {
      const Memory &a = all[k], &b = all.back();
      const bool meet = a.begin < b.end && b.begin < a.end && a.begin < a.end && b.begin < b.end;
      if (meet && (a.output || b.output)) why = fmt::format("{} overlaps {}", b.name, a.name);
    }
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) add(inputs[i], input_slots[i], i, false);
  for (std::size_t i = 0; i < outputs.size(); ++i) add(outputs[i], output_slots[i], i, true);
  return why;
}

/// What `work` gives, or the message of what it throws.
template <class T, class F>
Expected<T> guarded(const F& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    return Expected<T>::failure(std::string("internal error: ") + e.what());
  }
}

}  // namespace

struct Function::State {
  rg::ir::Function ir;
  std::shared_ptr<rg::jit::Session> session;  // owns the code
  rg::jit::Entry entry;
  std::vector<Slot> inputs, outputs;
};

struct Program::State {
  std::mutex mutex;
  rg::api::Unit unit;
  std::map<std::tuple<int, bool, bool>, std::shared_ptr<rg::jit::Session>> sessions;
  int next_name = 0;
};

void Context::Destroy::operator()(rg_context* c) const { rg_context_destroy(c); }
Context::Context(int threads) : context_(rg_context_create(threads)) {}

const std::vector<Slot>& Function::inputs() const { return state_->inputs; }
const std::vector<Slot>& Function::outputs() const { return state_->outputs; }
const std::vector<std::string>& Function::sizes() const { return state_->ir.size_names; }
void* Function::address() const { return state_->entry.function; }

Expected<std::vector<std::int64_t>> Function::infer_sizes(const std::vector<TensorRef>& inputs,
                                                          const std::map<std::string, std::int64_t>& sizes) const {
  using Out = Expected<std::vector<std::int64_t>>;
  const auto types = state_->ir.param_types();
  if (inputs.size() != types.size())
    return Out::failure(fmt::format("the function takes {} inputs, and {} are given", types.size(), inputs.size()));
  std::vector<std::vector<std::int64_t>> shapes;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const auto given = static_cast<rg::ir::Elem>(inputs[i].elem);
    if (given != types[i].elem) {
      return Out::failure(fmt::format("{} is {}, and elements of type {} are given", state_->inputs[i].name,
                                      state_->inputs[i].type, rg::ir::name(given)));
    }
    shapes.push_back(inputs[i].shape);
  }
  auto found = rg::api::infer_sizes(state_->ir, shapes, sizes);
  if (!found) return Out::failure(found.error());
  return *found;
}

std::vector<std::vector<std::int64_t>> Function::output_shapes(const std::vector<std::int64_t>& sizes) const {
  std::vector<std::vector<std::int64_t>> out;
  for (const auto& t : state_->ir.result_types()) {
    auto shape = rg::api::shape_of(state_->ir, t, sizes);
    out.push_back(shape ? *shape : std::vector<std::int64_t>(t.rank(), -1));
  }
  return out;
}

Expected<bool> Function::call(const std::vector<TensorRef>& inputs, const std::vector<TensorRef>& outputs,
                              Context* context, const std::map<std::string, std::int64_t>& sizes) const {
  auto found = infer_sizes(inputs, sizes);
  if (!found) return Expected<bool>::failure(found.error());
  const auto types = state_->ir.result_types();
  if (outputs.size() != types.size())
    return Expected<bool>::failure(
        fmt::format("the function has {} outputs, and {} are given", types.size(), outputs.size()));
  std::vector<void*> results;
  for (std::size_t i = 0; i < types.size(); ++i) {
    auto shape = rg::api::shape_of(state_->ir, types[i], *found);
    if (!shape) return Expected<bool>::failure(shape.error());
    if (static_cast<rg::ir::Elem>(outputs[i].elem) != types[i].elem || outputs[i].shape != *shape) {
      return Expected<bool>::failure(fmt::format("output {} is {} of shape {}, and memory of shape {} is given", i + 1,
                                                 state_->outputs[i].type, rg::api::shape_str(*shape),
                                                 rg::api::shape_str(outputs[i].shape)));
    }
    results.push_back(outputs[i].data);
  }
  if (std::string why = wrong_memory(inputs, state_->inputs, outputs, state_->outputs); !why.empty())
    return Expected<bool>::failure(std::move(why));
  std::vector<const void*> arguments;
  for (const TensorRef& t : inputs) arguments.push_back(t.data);
  Context own(1);
  rg_context* c = context != nullptr ? context->get() : own.get();
  const int status = state_->entry.packed(found->data(), arguments.data(), results.data(), c);
  if (status != RG_OK) {
    const std::string message = rg_error_message(c);
    return Expected<bool>::failure(!message.empty() ? message
                                   : status == RG_OUT_OF_MEMORY
                                       ? "out of memory"
                                       : fmt::format("the call failed with status {}", status));
  }
  return true;
}

Program::Program(std::unique_ptr<State> state) : state_(std::move(state)) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

Expected<Program> Program::from_string(const std::string& text, const std::string& name) {
  return guarded<Program>([&]() -> Expected<Program> {
    auto state = std::make_unique<State>();
    if (!state->unit.load(name, text)) return Expected<Program>::failure(state->unit.rendered());
    return Program(std::move(state));
  });
}

Expected<Program> Program::from_file(const std::string& path) {
  const auto text = rg::api::read_file(path);
  if (!text) return Expected<Program>::failure(text.error());
  return from_string(*text, path);
}

std::vector<std::string> Program::functions() const { return state_->unit.program().functions(); }

Expected<Function> Program::function(const std::string& expression, const Options& options) {
  return guarded<Function>([&]() -> Expected<Function> {
    const std::lock_guard lock(state_->mutex);
    state_->unit.set_strict(options.strict);
    state_->unit.set_fast(options.fast);
    auto f = state_->unit.prepare_expression(expression, fmt::format("main.{}", state_->next_name++));
    if (!f) return Expected<Function>::failure(f.error().empty() ? state_->unit.rendered() : f.error());
    rg::plan::PlanOptions plan_options{
        .target = rg::jit::host_target(), .strict = options.strict, .fast = options.fast};
    plan_options.known_sizes.resize(f->size_names.size());
    for (const auto& [name, value] : options.sizes) {
      const auto at = std::ranges::find(f->size_names, name);
      if (at == f->size_names.end())
        return Expected<Function>::failure(fmt::format("the function has no size {}", name));
      plan_options.known_sizes[static_cast<std::size_t>(at - f->size_names.begin())] = value;
    }
    auto& session = state_->sessions[{options.opt_level, options.strict, options.fast}];
    if (session == nullptr) {
      auto made = rg::jit::Session::create({options.opt_level, options.strict, options.fast});
      if (!made) return Expected<Function>::failure(made.error());
      session = std::move(*made);
    }
    auto entry = session->add(rg::plan::make_plan(*f, plan_options));
    if (!entry) return Expected<Function>::failure(entry.error());
    auto state = std::make_shared<Function::State>();
    state->inputs = slots(f->signature.param_names(), f->param_types(), f->size_names);
    state->outputs = slots(f->signature.result_names(), f->result_types(), f->size_names);
    state->ir = std::move(*f);
    state->session = session;
    state->entry = *entry;
    return Function(std::move(state));
  });
}

}  // namespace runegrad
