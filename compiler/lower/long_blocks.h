// Long code as functions of bounded length: code generation takes more than twice the time for a block of twice the
// length, and for a function of twice the blocks.
#pragma once

namespace llvm {
class Module;
}

namespace rg::lower {

/// Each block of more than a few thousand instructions becomes calls of functions that hold a part of it. What one part
/// computes for another goes through memory of the frame. Where a function has many hundreds of blocks, each of its
/// outermost loops becomes a function.
void split_long_blocks(llvm::Module& module);

}  // namespace rg::lower
