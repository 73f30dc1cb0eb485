// Contractions by tiles of accumulators in registers: a tile of rows x columns runs the reduced loop once, so that each
// element loaded is used as often as the tile is wide. The lanes lie along the columns (elements of the column operand
// are vectors, those of the row operand are repeated) or along the reduced axis (both are vectors, lanes are folded at
// the end). Rows run in blocks that stay in the second cache level while the columns pass.
#include "compiler/lower/emitter.h"
#include "compiler/plan/cost.h"

namespace rg::lower {

using V = Emitter::V;

// Sums from .. to-1 in chains, as those of a block with copied factors are (write_kernel).
void Emitter::chains(const Accumulator& acc, V from, V to, const std::function<void(V from, V to)>& code) {
  const auto* length = llvm::dyn_cast<llvm::ConstantInt>(b_.CreateSub(to, from));
  const bool is_short = length && length->getSExtValue() <= plan::Packing::chain;
  if (is_short || !acc.type->isFPOrFPVectorTy()) return code(from, to);
  V zero = llvm::Constant::getNullValue(acc.type);
  std::vector<V> parts;
  for (std::size_t k = 0; k < acc.values.size(); ++k) {
    parts.push_back(stack(acc.type));
    b_.CreateStore(zero, parts.back());
  }
  counted(from, to, plan::Packing::chain, [&](V first) {
    code(first, least(b_.CreateNSWAdd(first, whole(plan::Packing::chain)), to));
    for (std::size_t k = 0; k < parts.size(); ++k) {
      V part = b_.CreateLoad(acc.type, parts[k]), own = b_.CreateLoad(acc.type, acc.values[k]);
      b_.CreateStore(b_.CreateFAdd(part, own), parts[k]);
      b_.CreateStore(zero, acc.values[k]);
    }
  });
  for (std::size_t k = 0; k < parts.size(); ++k) b_.CreateStore(b_.CreateLoad(acc.type, parts[k]), acc.values[k]);
}

// Runs the reduced loop with an accumulator a copy; `select(c)` puts the variables of copy c in place.
void Emitter::reduce_copies(const Tile& t, std::int64_t copies, V mask,
                            const std::function<void(std::int64_t)>& select) {
  const plan::Tiles::Axis& reduced = t.of.reduced;
  V extent = dim(reduced.extent);
  const auto each = [&](V k, std::optional<Vector> lanes) {
    for (std::int64_t c = 0; c < copies; ++c) {
      scopes_.emplace_back();
      select(c);
      vars_[reduced.var] = k;
      if (lanes) vector_ = lanes;
      copy_ = static_cast<std::size_t>(c);
      items(t.of.body);
      scopes_.pop_back();
    }
    copy_ = 0;
    vector_.reset();
  };
  if (t.across) vector_ = Vector{t.of.columns.var, t.lanes, mask};
  open_tile(t, static_cast<unsigned>(copies));
  vector_.reset();
  Accumulator& acc = accumulators_.at(t.of.sum);
  const auto blocks = [&](const std::function<void(V from, V to)>& code) {
    in_blocks(t.of.block, whole(0), extent, {&acc}, code);
  };
  if (t.across) {
    blocks([&](V from, V to) {
      chains(acc, from, to, [&](V first, V end) { counted(first, end, 1, [&](V k) { each(k, std::nullopt); }); });
    });
    return;
  }
  blocks([&](V from, V to) {
    V stop = b_.CreateAdd(from, down(b_.CreateSub(to, from), t.lanes));
    counted(from, stop, t.lanes, [&](V k) { each(k, Vector{reduced.var, t.lanes, nullptr}); });
    counted(stop, to, t.lanes,
            [&](V k) { each(k, Vector{reduced.var, t.lanes, lane_mask(b_.CreateSub(to, k), t.lanes)}); });
  });
}

void Emitter::tile(const Tile& t, V row, int row_count, V column, int column_count, V mask) {
  const auto select = [&](std::int64_t c) {
    vars_[t.of.rows.var] = b_.CreateNSWAdd(row, b_.getInt64(static_cast<std::uint64_t>(c / column_count)));
    vars_[t.of.columns.var] =
        b_.CreateNSWAdd(column, b_.getInt64(static_cast<std::uint64_t>(c % column_count * t.width())));
    if (t.across) vector_ = Vector{t.of.columns.var, t.lanes, mask};
  };
  const std::int64_t copies = static_cast<std::int64_t>(row_count) * column_count;
  reduce_copies(t, copies, mask, select);
  const plan::ReductionId id = t.of.sum;
  const Accumulator all = accumulators_.at(id);
  for (std::int64_t c = 0; c < copies; ++c) {
    scopes_.emplace_back();
    const auto own = static_cast<std::size_t>(c);
    accumulators_[id].values = {all.values[own]};
    if (!all.sums.empty()) {
      accumulators_[id].sums = {all.sums[own]};
      accumulators_[id].errors = {all.errors[own]};
    }
    close(id);
    select(c);
    for (const plan::Item& i : t.of.finish) item(std::get<plan::Store>(i.what));
    vector_.reset();
    scopes_.pop_back();
  }
}

void Emitter::tile_rows(const Tile& t, V from, V to, V column, int column_count, V mask) {
  const std::int64_t step = t.of.row_count;
  V count = b_.CreateSub(to, from);
  V stop = b_.CreateAdd(from, b_.CreateSub(count, b_.CreateURem(count, b_.getInt64(static_cast<std::uint64_t>(step)))));
  counted(from, stop, step, [&](V row) { tile(t, row, t.of.row_count, column, column_count, mask); });
  counted(stop, to, 1, [&](V row) { tile(t, row, 1, column, column_count, mask); });
}

void Emitter::tile_block(const Tile& t, V from, V to) {
  V extent = dim(t.of.columns.extent);
  const std::int64_t step = t.width() * t.of.column_count;
  V whole = b_.CreateAnd(extent, b_.getInt64(static_cast<std::uint64_t>(-step)));
  counted(b_.getInt64(0), whole, step, [&](V column) { tile_rows(t, from, to, column, t.of.column_count, nullptr); });
  counted(whole, extent, t.width(), [&](V column) {
    tile_rows(t, from, to, column, 1, t.across ? lane_mask(b_.CreateSub(extent, column), t.lanes) : nullptr);
  });
}

void Emitter::tiles(const plan::Tiles& of, V from, V to) {
  const Tile t{of, static_cast<unsigned>(of.code.lanes), of.lanes_are_columns()};
  // With lanes along the columns a panel of the column operand stays in the cache, and all rows pass it.
  if (t.across) return tile_block(t, from, to);
  constexpr std::int64_t row_block = plan::cost("tile-block-rows");
  counted(from, to, row_block, [&](V start) {
    V end = b_.CreateNSWAdd(start, b_.getInt64(row_block));
    tile_block(t, start, b_.CreateSelect(b_.CreateICmpSLT(end, to), end, to));
  });
}

void Emitter::item(const plan::Tiles& t) {
  if (t.packing) return packed(t);
  if (!t.threads) return tiles(t, b_.getInt64(0), dim(t.rows.extent));
  threaded(shared(t), [&] { return work(t); }, [&](Emitter& inner, V from, V to) { inner.tiles(t, from, to); });
}

}  // namespace rg::lower
