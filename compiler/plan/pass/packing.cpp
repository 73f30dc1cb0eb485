// Contractions whose operands are copied to panels: which, in what blocks, and the memory of the copies.
#include <algorithm>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/cost.h"
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

std::optional<Packing> choose_packing(const Plan& plan, const Tiles& tiles) {
  const Node& product = plan.node(plan.reductions[tiles.sum.index].value);
  if (product.kind != Node::Kind::op || product.op != ops::opcode<ops::Mul>() || !ir::is_float(product.elem)) return {};
  const auto depends = [&](NodeId id, VarId v) { return std::ranges::binary_search(plan.node(id).vars, v); };
  Packing p;
  const bool first = depends(product.args[0], tiles.rows.var);
  p.row_value = product.args[first ? 0 : 1];
  p.column_value = product.args[first ? 1 : 0];
  if (depends(p.row_value, tiles.columns.var) || depends(p.column_value, tiles.rows.var)) return {};
  const Dim* extents[] = {&tiles.rows.extent, &tiles.columns.extent, &tiles.reduced.extent};
  if (!std::ranges::all_of(extents, [&](const Dim* e) { return of_sizes_only(plan, *e); })) return {};
  const int bytes = ir::byte_size(product.elem);
  p.lanes = plan.target.vector_bytes / bytes;
  if (p.lanes < 2 || p.lanes > 16) return {};
  // Twice `height` accumulators, two vectors of the columns and one of the rows fit 32 registers, or 16.
  p.height = plan.target.vector_registers() == 32 ? 12 : 6;
  p.edge = p.height / 3;
  p.block_rows = bytes == 4 ? cost("packed-rows-f32") : cost("packed-rows-f64");
  return p;
}

bool reads_in_place(const Packing& p, const Tiles& tiles) {
  const Dim count = tiles.rows.extent * tiles.columns.extent * tiles.reduced.extent;
  return !p.columns_across && count.is_constant() && count.constant() <= cost("tiles-in-place") &&
         tiles.reduced.extent.constant() <= Packing::block_depth;
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

  // `around`: what threads share around the tiles.
  void place(Tiles& tiles, Threads* around) {
    Packing& p = *tiles.packing;
    const bool inside = around != nullptr;
    Threads* threads = tiles.threads ? &*tiles.threads : around;
    const Elem elem = plan.node(p.row_value).elem;
    const std::string number = "." + std::to_string(plan.buffers.size());
    const Dim height = Dim::min(p.block_rows, rounded_up(tiles.rows.extent, row_unit));
    const Dim &depth = tiles.reduced.extent, &width = tiles.columns.extent;
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
    if (!threads) return;
    if (inside) threads->own.push_back(p.columns);
    threads->own.push_back(p.rows);
    for (const BufferId b : {p.partial, p.errors}) {
      if (b.valid()) threads->own.push_back(b);
    }
  }

  void walk(std::vector<Item>& items, Threads* around) {
    for (Item& item : items) {
      auto* loop = std::get_if<Loop>(&item.what);
      Threads* inside = loop && loop->threads ? &*loop->threads : around;
      if (auto* tiles = std::get_if<Tiles>(&item.what); tiles && tiles->packing) place(*tiles, around);
      for (std::vector<Item>* body : bodies(item)) walk(*body, inside);
    }
  }
};

}  // namespace

void place_packing(Plan& plan, const PlanOptions&) { PackingPlacer{plan, {}, {}}.walk(plan.body, nullptr); }

}  // namespace rg::plan
