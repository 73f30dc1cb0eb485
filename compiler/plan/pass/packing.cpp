// Contractions whose operands are copied to panels: which, in what blocks, and the memory of the copies.
#include <algorithm>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/walk.h"

namespace rg::plan {

namespace {

constexpr std::int64_t row_unit = 48;  // divides each block_rows; a multiple of heights and lanes

Dim rounded_up(const Dim& d, std::int64_t unit) { return Dim(unit) * Dim::div(d + Dim(unit - 1), Dim(unit)); }

bool of_sizes_only(const Plan& plan, const Dim& d) {
  bool only = true;
  d.for_each_size([&](std::uint32_t s) { only = only && s < plan.size_count; });
  return only;
}

}  // namespace

std::optional<Packing> choose_packing(const Plan& plan, const PlanOptions& options, const Loop& rows,
                                      const Loop& columns, const Loop& reduced) {
  const Node& product = plan.node(plan.reductions[reduced.reductions[0].index].value);
  if (product.kind != Node::Kind::op || product.op != ops::opcode<ops::Mul>() || !ir::is_float(product.elem)) return {};
  const auto depends = [&](NodeId id, VarId v) { return std::ranges::binary_search(plan.node(id).vars, v); };
  Packing p;
  const bool first = depends(product.args[0], rows.var);
  p.row_value = product.args[first ? 0 : 1];
  p.column_value = product.args[first ? 1 : 0];
  if (depends(p.row_value, columns.var) || depends(p.column_value, rows.var)) return {};
  const Dim* extents[] = {&rows.extent, &columns.extent, &reduced.extent};
  if (!std::ranges::all_of(extents, [&](const Dim* e) { return of_sizes_only(plan, *e); })) return {};
  const int bytes = ir::byte_size(product.elem);
  p.lanes = options.vector_bytes / bytes;
  if (p.lanes < 2 || p.lanes > 16) return {};
  // Twice `height` accumulators, two vectors of the columns and one of the rows fit 32 registers, or 16.
  p.height = options.vector_bytes >= 64 ? 12 : 6;
  p.edge = p.height / 3;
  p.block_rows = bytes == 4 ? 192 : 96;
  return p;
}

bool reads_in_place(const Packing& p, const Loop& rows, const Loop& columns, const Loop& reduced) {
  constexpr std::int64_t small_product = std::int64_t{32} * 32 * 32;
  const Dim count = rows.extent * columns.extent * reduced.extent;
  return !p.columns_across && count.is_constant() && count.constant() <= small_product &&
         reduced.extent.constant() <= Packing::block_depth;
}

namespace {

struct PackingPlacer {
  Plan& plan;
  std::optional<std::size_t> shared_slot, thread_slots[4];

  BufferId place(std::string name, Elem elem, std::vector<Dim> dims, std::optional<std::size_t>& slot,
                 bool per_thread) {
    if (!slot) {
      slot = plan.slots.size();
      plan.slots.push_back({{}, per_thread});
    }
    Buffer b;
    b.storage = per_thread ? Storage::tile : Storage::workspace;
    b.elem = elem;
    b.dims = std::move(dims);
    b.kept.assign(b.dims.size(), true);
    b.name = std::move(name);
    b.slot = static_cast<int>(*slot);
    const Dim bytes = b.count() * Dim(ir::byte_size(elem));
    auto& needs = plan.slots[*slot].bytes;
    if (std::ranges::find(needs, bytes) == needs.end()) needs.push_back(bytes);
    plan.buffers.push_back(std::move(b));
    return BufferId(plan.buffers.size() - 1);
  }

  static const Loop& first_loop(const Loop& in) { return std::get<Loop>(in.body[0].what); }
  static const Dim& columns_extent(const Loop& rows) { return first_loop(rows).extent; }
  static const Dim& reduced_extent(const Loop& rows) { return first_loop(first_loop(rows)).extent; }

  void place(Loop& rows, Loop* threaded) {
    Packing& p = *rows.packing;
    const bool inside = threaded && threaded != &rows;
    const Elem elem = plan.node(p.row_value).elem;
    const std::string number = "." + std::to_string(plan.buffers.size());
    const Dim height = Dim::min(p.block_rows, rounded_up(rows.extent, row_unit));
    const Dim &depth = reduced_extent(rows), &width = columns_extent(rows);
    p.columns = place("columns" + number, elem, {rounded_up(depth, p.lanes), rounded_up(width, p.lanes)},
                      inside ? thread_slots[0] : shared_slot, inside);
    p.rows = place("rows" + number, elem, {height, p.stride()}, thread_slots[1], true);
    // None for one block.
    const Dim more = Dim::min(1, Dim::div(depth, Packing::block_depth + 1));
    if (!(more == Dim(0))) {
      const std::vector<Dim> dims{more, height, rounded_up(width, 2 * p.lanes)};
      p.partial = place("partial" + number, elem, dims, thread_slots[2], true);
      p.errors = place("errors" + number, elem, dims, thread_slots[3], true);
    }
    if (!threaded) return;
    if (inside) threaded->own.push_back(p.columns);
    threaded->own.push_back(p.rows);
    for (const BufferId b : {p.partial, p.errors}) {
      if (b.valid()) threaded->own.push_back(b);
    }
  }

  void walk(std::vector<Item>& items, Loop* threaded) {
    for (Item& item : items) {
      auto* loop = std::get_if<Loop>(&item.what);
      Loop* around = loop && loop->threaded ? loop : threaded;
      if (loop && loop->packing) place(*loop, around);
      for (std::vector<Item>* body : bodies(item)) walk(*body, around);
    }
  }
};

}  // namespace

void place_packing(Plan& plan, const PlanOptions&) { PackingPlacer{plan, {}, {}}.walk(plan.body, nullptr); }

}  // namespace rg::plan
