#include "compiler/plan/pass/pipeline.h"

#include <algorithm>

#include "compiler/plan/pass/passes.h"
#include "compiler/plan/verify.h"
#include "compiler/support/internal_error.h"

namespace rg::plan {

namespace {

constexpr Pass kPasses[] = {
    {"dead-stores", "dead store elimination: what fusion has made unread is not written", remove_dead_stores},
    {"results", "storage reuse: what a result is computed from, element by element, lives in the result's memory",
     place_in_results},
    {"layout", "data layout: the axis along which an array of the workspace is contiguous is that of its loops",
     lay_out},
    {"transposed", "layout by copy: what a repeated loop would read across the lanes is copied, transposed",
     copy_transposed},
    {"vectorise",
     "vectorisation: the loop of the lanes, and by tiles (unroll-and-jam) with packed operands for contractions",
     vectorise},
    {"symmetric", "triangular iteration: one half of a symmetric product is computed, the other copied", use_symmetry},
    {"fold-tiles", "epilogue fusion: what is summed over a product by tiles is added up as tiles are finished",
     fold_tiles},
    {"steps", "strip-mining and interchange: long arrays go through all elementwise steps in blocks that fit the cache",
     block_steps},
    {"borders",
     "peeling and index-set splitting: iterations where conditions on the index differ have loops of their own",
     split_borders},
    {"blocks", "blocked compensated summation: a long sum is laid aside after so many terms, with its error",
     choose_blocks},
    {"storage",
     "array contraction and allocation: what has memory, on the stack or shared in the workspace by lifetime",
     assign_storage, true},
    {"threads", "parallelisation with privatised memory: the outermost loops whose iterations are independent",
     choose_threads},
    {"packing", "the memory of packed operands", place_packing, true},
    {"code", "lanes, unrolling with several accumulators, masked remainders and prefetch: how vectors become code",
     choose_code, true},
};

}  // namespace

std::span<const Pass> passes() { return kPasses; }

void EachVerified::operator()(std::string_view pass, const Plan& plan) {
  placed_ = pass != "build" && (placed_ || pass == "storage");
  const auto breach = verify(plan, pass == "code" ? Stage::coded : placed_ ? Stage::placed : Stage::built);
  if (breach) internal_error("after " + std::string(pass) + ": @" + plan.function.name + ": " + breach->str());
}

void run_passes(Plan& plan, const PlanOptions& options) {
  for (const Pass& pass : kPasses) {
    const bool skipped = std::ranges::find(options.skip, pass.name) != options.skip.end();
    if ((skipped && !pass.needed) || (!options.threads && pass.run == choose_threads)) continue;
    pass.run(plan, options);
    if (options.after) options.after(pass.name, plan);
  }
}

}  // namespace rg::plan
