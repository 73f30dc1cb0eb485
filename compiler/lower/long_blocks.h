// Long straight-line code as functions of bounded length: code generation takes more than twice the time for a block of
// twice the length.
#pragma once

namespace llvm {
class Module;
}

namespace rg::lower {

/// Each block of more than a few thousand instructions becomes calls of functions that hold a part of it. What one part
/// computes for another goes through memory of the frame.
void split_long_blocks(llvm::Module& module);

}  // namespace rg::lower
