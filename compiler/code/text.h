// The text form of the IR. Total: what is printed reads back as the same module (spans aside).
//
//   /// doc
//   export fn @f(n, m; %0: f64[n] "x", %1: f32[n, m]) signature [x, n:size 0, m] _ {
//     %2: f64[n] = mul %0, %0
//     %3: f64, %4: f64[n] = for %5, %2 {dims=[n], integers=[1, 0]} (%6: i64, %7: f64, %8: f64) {
//       %9: f64 = add %7, %8
//       yield %9, %9
//     }
//     yield %3
//   }
//
// Sizes stand before the semicolon, the flattened parameters after it; a quoted text after a type is the user's name.
// A function's name that is more than a word is quoted: @"hessian(f)". The signature is the user's view of parameters
// and result: `x`, `n:size 0`, `p:Mlp{w, b}`, `:(_, _)`.
#pragma once

#include <optional>

#include "compiler/ir/module.h"
#include "compiler/support/diagnostic.h"

namespace rg::ir {

std::string print(const Function& f);
std::string print(const Module& m);

/// Reads the text of a file of the map. Nothing where errors were reported (601: syntax, 602: a breach of the
/// verifier's invariants).
std::optional<Module> read(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics);

}  // namespace rg::ir
