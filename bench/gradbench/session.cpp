#include "bench/gradbench/session.h"

#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>
#include <tuple>

#include "bench/gradbench/evals.h"

namespace rg::gradbench {

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

Json timing(const char* name, std::int64_t nanoseconds) { return {{"name", name}, {"nanoseconds", nanoseconds}}; }

/// A reason why a message cannot be served.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

bool finite(const Json& j) {
  if (j.is_number_float()) return std::isfinite(j.get<double>());
  if (!j.is_structured()) return true;
  for (const Json& e : j) {
    if (!finite(e)) return false;
  }
  return true;
}

const Eval& eval_of(const Json& message) {
  const auto name = message.at("module").get<std::string>();
  const Eval* eval = find_eval(name);
  if (eval == nullptr) throw Refusal("no module `" + name + "`");
  return *eval;
}

}  // namespace

struct Session::State {
  SessionOptions options;
  runegrad::Context context;
  std::map<std::string_view, runegrad::Program> programs;  // by eval
  /// By eval, function and the extents of its call: code for known sizes is faster, and compiling it is short.
  std::map<std::tuple<std::string_view, std::string_view, std::map<std::string, std::int64_t>>, runegrad::Function>
      compiled;

  /// The function for the sizes given; for all sizes where none is.
  const runegrad::Function& function(const Eval& eval, const Function& f,
                                     const std::map<std::string, std::int64_t>& sizes = {}) {
    const auto key = std::tuple(eval.name, f.name, sizes);
    if (const auto at = compiled.find(key); at != compiled.end()) return at->second;
    auto program = programs.find(eval.name);
    if (program == programs.end()) {
      auto loaded = runegrad::Program::from_string(std::string(eval.source), std::string(eval.name) + ".rg");
      if (!loaded) throw Refusal(loaded.error());
      program = programs.emplace(eval.name, std::move(*loaded)).first;
    }
    auto function = program->second.function(std::string(f.compiled), {.sizes = sizes});
    if (!function) throw Refusal(function.error());
    return compiled.emplace(key, *function).first->second;
  }

  void define(const Json& message, Json& out) {
    const auto start = Clock::now();
    const Eval& eval = eval_of(message);
    for (const Function& f : eval.functions) function(eval, f);
    out["success"] = true;
    out["timings"] = {timing("prepare", nanoseconds_since(start))};
  }

  void evaluate(const Json& message, Json& out) {
    const auto start = Clock::now();
    const Eval& eval = eval_of(message);
    const auto name = message.at("function").get<std::string>();
    const Function* f = eval.function(name);
    if (f == nullptr) throw Refusal("no function `" + name + "` in `" + std::string(eval.name) + "`");
    const Json& input = message.at("input");
    Arguments arguments = eval.arguments(input);
    const runegrad::Function& any_size = function(eval, *f);
    const std::vector<runegrad::TensorRef> inputs = refs(arguments.inputs);
    const auto sizes = any_size.infer_sizes(inputs, arguments.sizes);
    if (!sizes) throw Refusal(sizes.error());
    std::map<std::string, std::int64_t> extents;
    for (std::size_t k = 0; k < sizes->size(); ++k) extents[any_size.sizes()[k]] = (*sizes)[k];
    const runegrad::Function& code = function(eval, *f, extents);
    std::vector<Array> results = results_for(code, *sizes);
    const std::vector<runegrad::TensorRef> outputs = refs(results);
    Json timings = Json::array({timing("prepare", nanoseconds_since(start))});

    const std::int64_t min_runs = input.is_object() ? input.value("min_runs", std::int64_t{1}) : 1;
    const double min_seconds = input.is_object() ? input.value("min_seconds", 0.0) : 0;
    std::int64_t total = 0;
    for (std::int64_t runs = 0;
         runs < std::max<std::int64_t>(1, min_runs) || static_cast<double>(total) * 1e-9 < min_seconds; ++runs) {
      const auto begin = Clock::now();
      const auto status = code.call(inputs, outputs, &context, arguments.sizes);
      const std::int64_t took = nanoseconds_since(begin);
      if (!status) throw Refusal(status.error());
      timings.push_back(timing("evaluate", took));
      total += took;
    }
    Json output = f->output(results, input);
    if (!finite(output)) throw Refusal("the result holds a NaN or an infinity, which JSON has no number for");
    out["success"] = true;
    out["output"] = std::move(output);
    out["timings"] = std::move(timings);
  }

  void serve(const Json& message, Json& out) {
    if (!message.is_object()) throw Refusal("a message is an object");
    if (message.contains("id")) out["id"] = message["id"];
    const auto kind = message.at("kind").get<std::string>();
    if (kind == "start") out["tool"] = "runegrad";
    if (kind == "define") define(message, out);
    if (kind == "evaluate") evaluate(message, out);
  }
};

Session::Session(const SessionOptions& options)
    : state_(new State{options, runegrad::Context(options.threads), {}, {}}) {}
Session::~Session() = default;

std::string Session::answer(const std::string& line) {
  Json out{{"id", nullptr}};
  try {
    state_->serve(Json::parse(line), out);
  } catch (const std::exception& e) {
    out["success"] = false;
    out["error"] = e.what();
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rg::gradbench
