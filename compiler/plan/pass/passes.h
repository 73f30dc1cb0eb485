// The passes over a plan, each in the file of its name; pipeline.h has them in their order, with reasons. A pass takes
// a plan that verify.h accepts and leaves one.
#pragma once

#include "compiler/plan/plan.h"

namespace rg::plan {

void remove_dead_stores(Plan& plan, const PlanOptions& options);
void place_in_results(Plan& plan, const PlanOptions& options);
void lay_out(Plan& plan, const PlanOptions& options);
void copy_transposed(Plan& plan, const PlanOptions& options);
void vectorise(Plan& plan, const PlanOptions& options);
void use_symmetry(Plan& plan, const PlanOptions& options);
void fold_tiles(Plan& plan, const PlanOptions& options);
void block_steps(Plan& plan, const PlanOptions& options);
void split_borders(Plan& plan, const PlanOptions& options);
void choose_blocks(Plan& plan, const PlanOptions& options);
void assign_storage(Plan& plan, const PlanOptions& options);
void choose_threads(Plan& plan, const PlanOptions& options);
void place_packing(Plan& plan, const PlanOptions& options);
void choose_code(Plan& plan, const PlanOptions& options);

/// How to copy the factors of a contraction by tiles; empty where its product is not one of floating numbers, a factor
/// of the rows and a factor of the columns.
std::optional<Packing> choose_packing(const Plan& plan, const Tiles& tiles);
/// Whether tiles give the same sums without copies and are too small to pay for them.
bool reads_in_place(const Packing& packing, const Tiles& tiles);

}  // namespace rg::plan
