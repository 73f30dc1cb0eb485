#include "bench/seed/compiled.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <runegrad/runegrad.hpp>

#include "bench/seed/measure.h"

namespace rg::bench {

namespace {

struct Source {
  const char* workload;
  const char* expression;
};

constexpr Source kSources[] = {
    {"ScalarGrad", "grad(scalar_loss)"},         {"VectorGrad", "grad(vector_loss)"},
    {"MatMulGrad", "grad(matmul_loss, wrt: x)"}, {"MatMulSquared", "grad(matmul_squared_loss, wrt: x)"},
    {"ChainGrad", "grad(chain_loss)"},           {"HigherOrderGrad", "grad(higher_order_loss)"},
};

const char* expression_of(const SeedWorkload& workload) {
  for (const Source& source : kSources)
    if (std::string_view(source.workload) == workload.name) return source.expression;
  return "";
}

// The C functions by the number of sizes: none for a scalar, one an extent otherwise.
using ScalarFunction = int(float, float*, rg_context*);
using VectorFunction = int(std::int64_t, const float*, float*, rg_context*);
using MatrixFunction = int(std::int64_t, std::int64_t, const float*, float*, rg_context*);
using ProductFunction = int(std::int64_t, std::int64_t, std::int64_t, const float*, const float*, float*, rg_context*);

std::size_t size_count(const SeedWorkload& workload) {
  return static_cast<std::size_t>(workload.rank) + (workload.has_weights ? 1 : 0);
}

// Hands `use` a callable of (input, result) around the C function.
template <class Use>
Row with_c_function(const runegrad::Function& function, const SeedWorkload& workload, std::int64_t n,
                    rg_context* context, const Use& use) {
  if (workload.rank == 0)
    return use([f = function.as<ScalarFunction>(), context](const SeedInput& in, float* g) { f(in.x[0], g, context); });
  if (workload.rank == 1)
    return use([f = function.as<VectorFunction>(), n, context](const SeedInput& in, float* g) {
      f(n, in.x.data(), g, context);
    });
  if (!workload.has_weights)
    return use([f = function.as<MatrixFunction>(), n, context](const SeedInput& in, float* g) {
      f(n, n, in.x.data(), g, context);
    });
  return use([f = function.as<ProductFunction>(), n, context](const SeedInput& in, float* g) {
    f(n, n, n, in.x.data(), in.w.data(), g, context);
  });
}

}  // namespace

struct CompiledSeed::State {
  SeedOptions options;
  runegrad::Expected<runegrad::Program> program;
  runegrad::Context context;
  bool reported = false;
};

CompiledSeed::CompiledSeed(const SeedOptions& options)
    : state_(new State{options, runegrad::Program::from_file(RG_BENCH_DIR "/seed/seed.rg"),
                       runegrad::Context(options.threads)}) {}

CompiledSeed::~CompiledSeed() = default;

void CompiledSeed::measure(const SeedWorkload& workload, int size, const std::vector<SeedInput>& inputs,
                           SeedReport& report) {
  if (!state_->program) {
    if (!state_->reported) report.failures.push_back(state_->program.error());
    state_->reported = true;
    return;
  }
  struct Variant {
    const char* tool;
    bool sizes_known;
  };
  for (const Variant variant : {Variant{"runegrad", true}, Variant{"runegrad-any-size", false}}) {
    if (workload.rank == 0 && !variant.sizes_known) continue;
    runegrad::Options options;
    const char* names[] = {"n", "m", "k"};
    if (variant.sizes_known)
      for (std::size_t i = 0; i < size_count(workload); ++i) options.sizes[names[i]] = size;
    const auto function = state_->program->function(expression_of(workload), options);
    if (!function) {
      report.failures.push_back(fmt::format("{} {}: {}", workload.name, size, function.error()));
      continue;
    }
    if (function->sizes().size() != size_count(workload)) {
      report.failures.push_back(fmt::format("{} {}: {} sizes in place of {}", workload.name, size,
                                            function->sizes().size(), size_count(workload)));
      continue;
    }
    const int threads = state_->options.threads;
    rg_context* context = threads == 1 ? nullptr : state_->context.get();
    report.rows.push_back(with_c_function(*function, workload, size, context, [&](const auto& gradient) {
      return measure_gradient(state_->options, workload, size, variant.tool, threads, inputs, gradient);
    }));
  }
}

}  // namespace rg::bench
