// Contractions whose operands are copied to panels.
//
// The column factor is copied whole: for each block of the reduced axis, panels of two vectors of columns (the last may
// have one), in a panel the vectors of each reduced index after those of the one before. The row factor is copied by
// blocks, row after row. A kernel runs over a tile of rows by the two vectors with all sums in registers; the tile's
// sums go to memory, and what is done with each element is done there, after the last block of the reduced axis.
//
// The structure follows K. Goto and R. van de Geijn, Anatomy of High-Performance Matrix Multiplication (2008). Each
// element is summed over blocks in order, the errors of adding them kept (ops/sum_tree.h), whatever rows and columns
// are done together and by which thread.
#include "compiler/lower/emitter.h"

namespace rg::lower {

using V = Emitter::V;

namespace {

// Whether a count is known to be a multiple: then what is left over after whole pieces has no code.
bool multiple(V count, std::int64_t of) {
  const auto* known = llvm::dyn_cast<llvm::ConstantInt>(count);
  return known != nullptr && known->getSExtValue() % of == 0;
}

}  // namespace

Emitter::Contraction Emitter::contraction(const plan::Tiles& t) {
  const plan::Packing& p = *t.packing;
  V width = dim(t.columns.extent);
  return {t,
          p,
          register_type(plan_.node(p.row_value).elem),
          dim(t.rows.extent),
          width,
          dim(t.reduced.extent),
          up(width, p.lanes)};
}

void Emitter::depth_blocks(const Contraction& c, const std::function<void(V first, V length)>& code) {
  counted(whole(0), most(c.reduced_count, whole(1)), plan::Packing::block_depth, [&](V first) {
    code(first, least(whole(plan::Packing::block_depth), b_.CreateSub(c.reduced_count, first)));
  });
}

V Emitter::panel_at(const Contraction& c, V first, V length, V column) {
  return element(c, base(c.p.columns),
                 b_.CreateAdd(b_.CreateMul(first, c.width), b_.CreateMul(column, up(length, c.p.lanes))));
}

void Emitter::packed(const plan::Tiles& tiles) {
  const auto all_panels = [&](const Contraction& c) {
    return b_.CreateUDiv(up(c.column_count, c.panel()), whole(c.panel()));
  };
  if (!tiles.threads) {
    const Contraction c = contraction(tiles);
    pack_columns(c, whole(0), all_panels(c));
    contract_rows(c, whole(0), c.row_count);
    return;
  }
  const Part copy = part(shared(tiles),
                         [&](Emitter& inner, V from, V to) { inner.pack_columns(inner.contraction(tiles), from, to); });
  const Part sum = part(shared(tiles),
                        [&](Emitter& inner, V from, V to) { inner.contract_rows(inner.contraction(tiles), from, to); });
  const Contraction c = contraction(tiles);
  V panels = all_panels(c);
  const auto parallel = [&] {
    V all = threads();
    run_part(copy, panels, share(panels, all));
    // As many equal parts a thread as keep a part within a block.
    V rounds = share(c.row_count, b_.CreateMul(all, whole(c.p.block_rows)));
    run_part(sum, c.row_count, up(share(c.row_count, b_.CreateMul(all, most(rounds, whole(1)))), c.p.edge));
  };
  if_many(work(tiles), parallel, [&] {
    call_part(copy, panels);
    call_part(sum, c.row_count);
  });
}

V Emitter::element(const Contraction& c, V base, V offset) { return b_.CreateGEP(c.elem, base, offset); }

V Emitter::factor(const Contraction& c, plan::NodeId value, plan::VarId along, V mask) {
  scopes_.emplace_back();
  vector_ = Vector{along, c.lanes(), mask};
  V v = spread(node(value));
  vector_.reset();
  scopes_.pop_back();
  return v;
}

// Exchanges the off-diagonal blocks of 2 x 2 blocks, the blocks of one element first.
void Emitter::transpose(unsigned lanes, const std::function<V(unsigned)>& read,
                        const std::function<void(unsigned, V)>& write) {
  std::vector<V> v;
  for (unsigned i = 0; i < lanes; ++i) v.push_back(read(i));
  for (unsigned side = 1; side < lanes; side *= 2) {
    std::vector<int> low, high;
    for (unsigned l = 0; l < lanes; ++l) {
      low.push_back(static_cast<int>(l & side ? lanes + l - side : l));
      high.push_back(static_cast<int>(l & side ? lanes + l : l + side));
    }
    for (unsigned i = 0; i < lanes; ++i) {
      if (i & side) continue;
      V a = v[i], b = v[i + side];
      v[i] = b_.CreateShuffleVector(a, b, low);
      v[i + side] = b_.CreateShuffleVector(a, b, high);
    }
  }
  for (unsigned i = 0; i < lanes; ++i) write(i, v[i]);
}

void Emitter::pack_panel_across(const Contraction& c, V column, V width, V first, V length, V to) {
  const llvm::Align align(static_cast<std::uint64_t>(plan_.target.vector_bytes));
  V last = b_.CreateSub(c.column_count, whole(1));
  counted(whole(0), width, c.p.lanes, [&](V offset) {
    counted(whole(0), length, c.p.lanes, [&](V k) {
      V mask = lane_mask(b_.CreateSub(length, k), c.lanes());
      vars_[c.tiles.reduced.var] = b_.CreateAdd(first, k);
      const auto read = [&](unsigned i) {
        vars_[c.tiles.columns.var] = least(b_.CreateAdd(b_.CreateAdd(column, offset), whole(i)), last);
        return factor(c, c.p.column_value, c.tiles.reduced.var, mask);
      };
      transpose(c.lanes(), read, [&](unsigned j, V v) {
        V at = b_.CreateAdd(b_.CreateMul(b_.CreateAdd(k, whole(j)), width), offset);
        b_.CreateAlignedStore(v, element(c, to, at), align);
      });
    });
  });
}

// The panel that begins at `column`, `width` wide; whole: two vectors of existing columns.
void Emitter::pack_panel(const Contraction& c, V column, V width, bool whole_panel) {
  const llvm::Align align(static_cast<std::uint64_t>(plan_.target.vector_bytes));
  depth_blocks(c, [&](V first, V length) {
    V to = panel_at(c, first, length, column);
    if (c.p.columns_across) return pack_panel_across(c, column, width, first, length, to);
    const auto copy = [&](V k, V offset, V mask) {
      vars_[c.tiles.reduced.var] = b_.CreateAdd(first, k);
      vars_[c.tiles.columns.var] = b_.CreateAdd(column, offset);
      V value = factor(c, c.p.column_value, c.tiles.columns.var, mask);
      b_.CreateAlignedStore(value, element(c, to, b_.CreateAdd(b_.CreateMul(k, width), offset)), align);
    };
    if (whole_panel) {
      counted(whole(0), length, 1, [&](V k) {
        copy(k, whole(0), nullptr);
        copy(k, whole(c.p.lanes), nullptr);
      });
      return;
    }
    counted(whole(0), width, c.p.lanes, [&](V offset) {
      V mask = lane_mask(b_.CreateSub(b_.CreateSub(c.column_count, column), offset), c.lanes());
      counted(whole(0), length, 1, [&](V k) { copy(k, offset, mask); });
    });
  });
}

void Emitter::pack_columns(const Contraction& c, V from, V to) {
  V complete = c.p.columns_across ? whole(0) : b_.CreateUDiv(c.column_count, whole(c.panel()));
  const auto whole_panel = [&](V panel) {
    pack_panel(c, b_.CreateMul(panel, whole(c.panel())), whole(c.panel()), true);
  };
  if (!c.p.columns_across && multiple(c.column_count, c.panel())) return counted(from, to, 1, whole_panel);
  if (!c.p.columns_across) counted(from, least(to, complete), 1, whole_panel);
  counted(most(from, complete), to, 1, [&](V panel) {
    V column = b_.CreateMul(panel, whole(c.panel()));
    pack_panel(c, column, least(whole(c.panel()), b_.CreateSub(c.width, column)), false);
  });
}

// Rows beyond the last are copies of it, up to a whole tile of the smaller kernel.
void Emitter::pack_rows(const Contraction& c, const Block& at) {
  V to = base(c.p.rows);
  V last = b_.CreateSub(b_.CreateAdd(at.row, at.rows), whole(1));
  const auto place = [&](V row, V k) {
    return element(c, to, b_.CreateAdd(b_.CreateMul(row, whole(c.p.stride())), k));
  };
  const llvm::Align align(static_cast<std::uint64_t>(plan_.target.vector_bytes));
  if (c.p.rows_across) {
    counted(whole(0), at.rows, c.p.lanes, [&](V row) {
      V mask = lane_mask(b_.CreateSub(at.rows, row), c.lanes());
      vars_[c.tiles.rows.var] = b_.CreateAdd(at.row, row);
      counted(whole(0), at.length, c.p.lanes, [&](V k) {
        const auto read = [&](unsigned i) {
          vars_[c.tiles.reduced.var] =
              b_.CreateAdd(at.first, least(b_.CreateAdd(k, whole(i)), b_.CreateSub(at.length, whole(1))));
          return factor(c, c.p.row_value, c.tiles.rows.var, mask);
        };
        transpose(c.lanes(), read,
                  [&](unsigned j, V v) { b_.CreateAlignedStore(v, place(b_.CreateAdd(row, whole(j)), k), align); });
      });
    });
    return;
  }
  V even = down(at.length, c.p.lanes);
  counted(whole(0), up(at.rows, c.p.edge), 1, [&](V row) {
    vars_[c.tiles.rows.var] = least(b_.CreateAdd(at.row, row), last);
    const auto copy = [&](V k, V mask) {
      vars_[c.tiles.reduced.var] = b_.CreateAdd(at.first, k);
      b_.CreateAlignedStore(factor(c, c.p.row_value, c.tiles.reduced.var, mask), place(row, k), align);
    };
    counted(whole(0), even, c.p.lanes, [&](V k) { copy(k, nullptr); });
    counted(even, at.length, c.p.lanes, [&](V k) { copy(k, lane_mask(b_.CreateSub(at.length, k), c.lanes())); });
  });
}

void Emitter::contract_rows(const Contraction& c, V from, V to) {
  V tile = stack(llvm::ArrayType::get(c.elem, static_cast<std::uint64_t>(c.p.height * c.panel())));
  counted(from, to, c.p.block_rows, [&](V row) {
    V rows = least(whole(c.p.block_rows), b_.CreateSub(to, row));
    depth_blocks(c, [&](V first, V length) { contract_block(c, {row, rows, first, length}, tile); });
  });
}

// Whether `count` elements, whole vectors of them, are finite in each of `times` stretches: 0 times any is then 0.
V Emitter::all_finite(const Contraction& c, V at, V count, V times, V stride) {
  auto* vector = llvm::FixedVectorType::get(c.elem, c.lanes());
  auto* bits = llvm::FixedVectorType::get(b_.getIntNTy(c.elem->getScalarSizeInBits()), c.lanes());
  V zero = llvm::Constant::getNullValue(vector), none = llvm::Constant::getNullValue(bits), found = stack(bits);
  b_.CreateStore(none, found);
  counted(whole(0), times, 1, [&](V i) {
    V from = element(c, at, b_.CreateMul(i, stride));
    counted(whole(0), count, c.p.lanes, [&](V k) {
      V x = b_.CreateAlignedLoad(vector, element(c, from, k),
                                 llvm::Align(static_cast<std::uint64_t>(plan_.target.vector_bytes)));
      V product = b_.CreateBitCast(b_.CreateFMul(x, zero), bits);
      b_.CreateStore(b_.CreateOr(b_.CreateLoad(bits, found), product), found);
    });
  });
  V but_sign = b_.CreateShl(b_.CreateLoad(bits, found), llvm::ConstantInt::get(bits, 1));
  return b_.CreateAndReduce(b_.CreateICmpEQ(but_sign, none));
}

// The part of the block's reduced indices where the tile's factors are not all zero, if what they are multiplied by is
// finite.
std::pair<V, V> Emitter::nonzero(const Contraction& c, const Block& at, V row, int height, V column, V width) {
  if (!c.tiles.zeros) return {whole(0), at.length};
  const plan::Zeros& z = *c.tiles.zeros;
  const bool of_rows = z.var == c.tiles.rows.var;
  V first = of_rows ? b_.CreateAdd(at.row, row) : column;
  V edge = z.after ? b_.CreateAdd(first, of_rows ? whole(height) : width) : first;
  edge = most(least(b_.CreateSub(edge, at.first), at.length), whole(0));
  V begin = z.after ? whole(0) : edge, end = z.after ? edge : at.length;
  return {b_.CreateSelect(at.finite, begin, whole(0)), b_.CreateSelect(at.finite, end, at.length)};
}

void Emitter::contract_block(const Contraction& c, const Block& given, V tile) {
  Block at = given;
  pack_rows(c, at);
  const bool zero_rows = c.tiles.zeros && c.tiles.zeros->var == c.tiles.rows.var;
  if (c.tiles.zeros && !zero_rows)
    at.finite = all_finite(c, base(c.p.rows), up(at.length, c.p.lanes), at.rows, whole(c.p.stride()));
  V again = b_.CreateICmpNE(at.first, whole(0));
  V last = b_.CreateICmpSGE(b_.CreateAdd(at.first, at.length), c.reduced_count);
  V single = b_.CreateICmpSLE(c.reduced_count, whole(plan::Packing::block_depth)), tiled_width = up(c.width, c.panel());
  counted(whole(0), c.width, c.panel(), [&](V column) {
    const bool even = multiple(c.width, c.panel());
    V width = even ? whole(c.panel()) : least(whole(c.panel()), b_.CreateSub(c.width, column));
    V panel = panel_at(c, at.first, at.length, column), two = b_.CreateICmpEQ(width, whole(c.panel()));
    if (zero_rows) at.finite = all_finite(c, panel, b_.CreateMul(at.length, width), whole(1), whole(0));
    // Tiles that begin below the panel's last column are not wanted of a symmetric product.
    V end = c.tiles.symmetric ? least(at.rows, b_.CreateSub(b_.CreateAdd(column, width), at.row)) : at.rows;
    counted(whole(0), end, c.p.height, [&](V row) {
      V rows = least(whole(c.p.height), b_.CreateSub(at.rows, row));
      V sums = tile, errors = tile;
      if (c.p.partial.valid()) {
        V offset = b_.CreateAdd(b_.CreateMul(row, tiled_width), b_.CreateMul(column, whole(c.p.height)));
        sums = b_.CreateSelect(single, tile, element(c, base(c.p.partial), offset));
        errors = element(c, base(c.p.errors), offset);
      }
      const auto sum = [&](V at_row, int height) {
        const auto [begin, end] = nonzero(c, at, b_.CreateAdd(row, at_row), height, column, width);
        V own = b_.CreateAdd(b_.CreateMul(b_.CreateAdd(row, at_row), whole(c.p.stride())), begin);
        V other = element(c, panel, b_.CreateMul(begin, width));
        V in_tile = b_.CreateMul(at_row, whole(c.panel()));
        llvm::Function *wide = kernel(c, height, 2), *narrow = even ? wide : kernel(c, height, 1);
        b_.CreateCall(wide->getFunctionType(), b_.CreateSelect(two, wide, narrow),
                      {b_.CreateSub(end, begin), element(c, base(c.p.rows), own), other, element(c, sums, in_tile),
                       element(c, errors, in_tile), again, last, b_.CreateURem(begin, whole(plan::Packing::chain))});
      };
      V whole_tiles = down(rows, c.p.height);
      counted(whole(0), whole_tiles, c.p.height, [&](V r) { sum(r, c.p.height); });
      counted(whole_tiles, rows, c.p.edge, [&](V r) { sum(r, c.p.edge); });
      llvm::BasicBlock *finish = block("finish"), *next = block("next");
      b_.CreateCondBr(last, finish, next);
      b_.SetInsertPoint(finish);
      finish_tile(c, b_.CreateAdd(at.row, row), rows, column, sums);
      b_.CreateBr(next);
      b_.SetInsertPoint(next);
    });
  });
}

V Emitter::tile_sums(const Contraction& c, V tile, V r, V offset) {
  return b_.CreateAlignedLoad(llvm::FixedVectorType::get(c.elem, c.lanes()),
                              element(c, tile, b_.CreateAdd(b_.CreateMul(r, whole(c.panel())), offset)),
                              llvm::Align(static_cast<std::uint64_t>(plan_.target.vector_bytes)));
}

void Emitter::tile_vectors(const Contraction& c, V column, const std::function<void(V offset, V mask)>& code) {
  V complete = multiple(c.column_count, c.panel())
                   ? b_.getTrue()
                   : b_.CreateICmpSLE(b_.CreateAdd(column, whole(c.panel())), c.column_count);
  const auto all_lanes = [&] {
    counted(whole(0), whole(c.panel()), c.p.lanes, [&](V offset) { code(offset, nullptr); });
  };
  if (llvm::isa<llvm::ConstantInt>(complete)) return all_lanes();
  V left = least(whole(c.panel()), b_.CreateSub(c.column_count, column));
  llvm::BasicBlock *all = block("all"), *some = block("some"), *done = block("stored");
  b_.CreateCondBr(complete, all, some);
  b_.SetInsertPoint(all);
  all_lanes();
  b_.CreateBr(done);
  b_.SetInsertPoint(some);
  counted(whole(0), left, c.p.lanes, [&](V offset) { code(offset, lane_mask(b_.CreateSub(left, offset), c.lanes())); });
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
}

// The tile's elements are added up over its rows, each term made of the element, and that to the sum so far.
void Emitter::fold_tile(const Contraction& c, V row, V rows, V column, V tile, V offset, V mask) {
  const auto& add = std::get<plan::ScatterAdd>(c.tiles.finish[0].what);
  vars_[c.tiles.columns.var] = b_.CreateAdd(column, offset);
  vector_ = Vector{c.tiles.columns.var, c.lanes(), mask};
  scopes_.emplace_back();
  V old = load(add.target, {});
  V sum = stack(old->getType());
  b_.CreateStore(llvm::Constant::getNullValue(old->getType()), sum);
  counted(whole(0), rows, 1, [&](V r) {
    vars_[c.tiles.rows.var] = b_.CreateAdd(row, r);
    reduced_[c.tiles.sum] = tile_sums(c, tile, r, offset);
    V before = b_.CreateLoad(old->getType(), sum);
    b_.CreateStore(sum_with(before, add.value), sum);
  });
  V own = b_.CreateLoad(old->getType(), sum);
  if (add.errors.buffer.valid()) {
    const auto [total, error] = add_with_error(old, load(add.errors, {}), own);
    store(add.target, total);
    store(add.errors, error);
  } else {
    store(add.target, vb_.add(old, own));
  }
  scopes_.pop_back();
  vector_.reset();
}

// What follows the reduction, for each element of the tile.
void Emitter::finish_tile(const Contraction& c, V row, V rows, V column, V tile) {
  if (std::holds_alternative<plan::ScatterAdd>(c.tiles.finish[0].what))
    return tile_vectors(c, column, [&](V offset, V mask) { fold_tile(c, row, rows, column, tile, offset, mask); });
  counted(whole(0), rows, 1, [&](V r) {
    tile_vectors(c, column, [&](V offset, V mask) {
      scopes_.emplace_back();
      vars_[c.tiles.rows.var] = b_.CreateAdd(row, r);
      vars_[c.tiles.columns.var] = b_.CreateAdd(column, offset);
      vector_ = Vector{c.tiles.columns.var, c.lanes(), mask};
      reduced_[c.tiles.sum] = tile_sums(c, tile, r, offset);
      for (const plan::Item& i : c.tiles.finish) item(std::get<plan::Store>(i.what));
      vector_.reset();
      scopes_.pop_back();
    });
  });
}

llvm::Function* Emitter::kernel(const Contraction& c, int height, int vectors) {
  const std::string name = std::string("rg.product.") + (c.elem->isDoubleTy() ? "f64." : "f32.") +
                           std::to_string(height) + "x" + std::to_string(vectors);
  llvm::Module& module = *function_->getParent();
  if (llvm::Function* made = module.getFunction(name)) return made;
  auto* type = llvm::FunctionType::get(b_.getVoidTy(),
                                       {b_.getInt64Ty(), b_.getPtrTy(), b_.getPtrTy(), b_.getPtrTy(), b_.getPtrTy(),
                                        b_.getInt1Ty(), b_.getInt1Ty(), b_.getInt64Ty()},
                                       false);
  auto* f = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module);
  f->setDSOLocal(true);
  f->setAttributes(
      llvm::AttributeList::get(b_.getContext(), llvm::AttributeList::FunctionIndex,
                               llvm::AttrBuilder(b_.getContext(), function_->getAttributes().getFnAttrs())));
  for (const unsigned i : {1U, 2U, 3U, 4U}) f->addParamAttr(i, llvm::Attribute::NoAlias);
  Emitter(plan_, f, options_).write_kernel(f, c, height, vectors);
  return f;
}

// A block is summed in chains, the first of which lacks the terms of argument 7, which are zero.
void Emitter::write_kernel(llvm::Function* f, const Contraction& c, int height, int vectors) {
  auto* vector = llvm::FixedVectorType::get(c.elem, c.lanes());
  const auto count = static_cast<std::size_t>(height) * static_cast<std::size_t>(vectors);
  V length = f->getArg(0), lacking = f->getArg(7), zero = llvm::Constant::getNullValue(vector);
  llvm::BasicBlock *few = block("few"), *one = block("one"), *many = block("many"), *done = block("done");
  V single = b_.CreateICmpSLE(b_.CreateAdd(length, lacking), whole(plan::Packing::chain));
  b_.CreateCondBr(single, few, many);
  b_.SetInsertPoint(few);
  b_.CreateCondBr(b_.CreateICmpSGT(length, whole(0)), one, done);
  b_.SetInsertPoint(one);
  const std::vector<V> chain = kernel_loop(c, whole(0), length, height, vectors);
  one = b_.GetInsertBlock();
  b_.CreateBr(done);
  b_.SetInsertPoint(many);
  const std::vector<V> chains = kernel_chains(c, length, lacking, height, vectors);
  many = b_.GetInsertBlock();
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
  std::vector<V> totals;
  for (std::size_t s = 0; s < count; ++s) {
    llvm::PHINode* total = b_.CreatePHI(vector, 3);
    total->addIncoming(zero, few);
    total->addIncoming(chain[s], one);
    total->addIncoming(chains[s], many);
    totals.push_back(total);
  }
  leave_sums(c, totals, vectors);
}

// The sums of two chains or more, from left to right.
std::vector<V> Emitter::kernel_chains(const Contraction& c, V length, V lacking, int height, int vectors) {
  llvm::BasicBlock *before = b_.GetInsertBlock(), *head = block("chain"), *done = block("chains");
  V first_end = b_.CreateSub(whole(plan::Packing::chain), lacking);
  const std::vector<V> first = kernel_loop(c, whole(0), first_end, height, vectors);
  before = b_.GetInsertBlock();
  b_.CreateBr(head);
  b_.SetInsertPoint(head);
  llvm::PHINode* from = b_.CreatePHI(b_.getInt64Ty(), 2);
  from->addIncoming(first_end, before);
  std::vector<llvm::PHINode*> parts;
  for (V v : first) {
    parts.push_back(b_.CreatePHI(v->getType(), 2));
    parts.back()->addIncoming(v, before);
  }
  V to = least(b_.CreateNSWAdd(from, whole(plan::Packing::chain)), length);
  std::vector<V> sums = kernel_loop(c, from, to, height, vectors);
  for (std::size_t s = 0; s < sums.size(); ++s) {
    sums[s] = b_.CreateFAdd(parts[s], sums[s]);
    parts[s]->addIncoming(sums[s], b_.GetInsertBlock());
  }
  from->addIncoming(to, b_.GetInsertBlock());
  b_.CreateCondBr(b_.CreateICmpSLT(to, length), head, done);
  b_.SetInsertPoint(done);
  return sums;
}

// The multiply-adds of a chain, from .. to-1 of the reduced axis, one at least: the sums at its end.
std::vector<V> Emitter::kernel_loop(const Contraction& c, V from, V to, int height, int vectors) {
  auto* vector = llvm::FixedVectorType::get(c.elem, c.lanes());
  const llvm::Align align(static_cast<std::uint64_t>(plan_.target.vector_bytes));
  const llvm::Align scalar(vector->getScalarSizeInBits() / 8);
  V rows = function_->getArg(1), columns = function_->getArg(2);
  const auto count = static_cast<std::size_t>(height) * static_cast<std::size_t>(vectors);
  llvm::BasicBlock *before = b_.GetInsertBlock(), *loop = block("loop"), *done = block("done");
  b_.CreateBr(loop);
  b_.SetInsertPoint(loop);
  llvm::PHINode* k = b_.CreatePHI(b_.getInt64Ty(), 2);
  k->addIncoming(from, before);
  std::vector<llvm::PHINode*> sums;
  for (std::size_t s = 0; s < count; ++s) {
    sums.push_back(b_.CreatePHI(vector, 2));
    sums.back()->addIncoming(llvm::Constant::getNullValue(vector), before);
  }
  std::vector<V> column, added;
  V panel = element(c, columns, b_.CreateMul(k, whole(vectors * c.p.lanes)));
  for (int v = 0; v < vectors; ++v)
    column.push_back(b_.CreateAlignedLoad(vector, element(c, panel, whole(v * c.p.lanes)), align));
  for (int r = 0; r < height; ++r) {
    V x = b_.CreateAlignedLoad(c.elem, element(c, element(c, rows, k), whole(r * c.p.stride())), scalar);
    V all = b_.CreateVectorSplat(c.lanes(), x);
    for (V v : column) added.push_back(vb_.multiply_add(all, v, sums[added.size()]));
  }
  V next = b_.CreateNSWAdd(k, whole(1));
  k->addIncoming(next, loop);
  for (std::size_t s = 0; s < count; ++s) sums[s]->addIncoming(added[s], loop);
  b_.CreateCondBr(b_.CreateICmpSLT(next, to), loop, done);
  b_.SetInsertPoint(done);
  return added;
}

// The first block's sums are stored, those of the blocks between are added with the errors kept, and the last block
// puts all together.
void Emitter::leave_sums(const Contraction& c, const std::vector<V>& totals, int vectors) {
  llvm::Type* type = totals[0]->getType();
  const llvm::Align align(static_cast<std::uint64_t>(plan_.target.vector_bytes));
  V tile = function_->getArg(3), errors = function_->getArg(4), again = function_->getArg(5),
    last = function_->getArg(6);
  const auto each = [&](const std::function<void(V total, V sum, V error)>& code) {
    for (std::size_t s = 0; s < totals.size(); ++s) {
      const auto v = static_cast<std::int64_t>(s) % vectors, r = static_cast<std::int64_t>(s) / vectors;
      V at = whole(r * c.panel() + v * c.p.lanes);
      code(totals[s], element(c, tile, at), element(c, errors, at));
    }
    b_.CreateRetVoid();
  };
  const auto read = [&](V from) { return b_.CreateAlignedLoad(type, from, align); };
  llvm::BasicBlock *more = block("more"), *first = block("first"), *end = block("end"), *between = block("between");
  llvm::BasicBlock *set = block("set"), *begin = block("begin");
  b_.CreateCondBr(again, more, first);
  b_.SetInsertPoint(first);
  b_.CreateCondBr(last, set, begin);
  b_.SetInsertPoint(set);
  each([&](V total, V sum, V) { b_.CreateAlignedStore(total, sum, align); });
  b_.SetInsertPoint(begin);
  each([&](V total, V sum, V error) {
    b_.CreateAlignedStore(total, sum, align);
    b_.CreateAlignedStore(llvm::Constant::getNullValue(type), error, align);
  });
  b_.SetInsertPoint(more);
  b_.CreateCondBr(last, end, between);
  b_.SetInsertPoint(between);
  each([&](V total, V sum, V error) {
    const auto [s, e] = add_with_error(read(sum), read(error), total);
    b_.CreateAlignedStore(s, sum, align);
    b_.CreateAlignedStore(e, error, align);
  });
  b_.SetInsertPoint(end);
  each([&](V total, V sum, V error) {
    b_.CreateAlignedStore(b_.CreateFAdd(read(sum), b_.CreateFAdd(read(error), total)), sum, align);
  });
}

}  // namespace rg::lower
