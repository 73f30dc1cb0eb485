// The tuning constants of planning and lowering: when a transformation is worth it, and how far it goes. One table,
// read by name while compiling and printed by --list-costs. Where a number depends on the machine it is a field of
// Target or made of its fields.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rg::plan {

struct Cost {
  std::string_view name;
  std::int64_t value = 0;
  std::string_view unit;
  /// What it decides, and why it is what it is.
  std::string_view why;
};

inline constexpr Cost kCosts[] = {
    // Materialisation and unrolling (build).
    {"stored-value", 8, "additions", "a value that is computed again costs more than a store and a load of it"},
    {"stored-factor", 7, "additions", "the same for a factor of a contraction"},
    {"stored-factor-of-tiles", 10, "additions", "the same for a factor of tiles, which copy their factors"},
    {"written-sum", 2000, "additions", "a sum over a short axis is written out up to so much, then it is a loop"},
    {"written-body", 500, "additions", "short axes are written out up to so much, where each element has its own code"},
    {"short-axis", 16, "iterations", "an axis up to this long may be written out"},
    // Layout and tiles.
    {"near-stride", 4, "elements", "lanes up to so far apart share lines: no transposed copy is made for them"},
    {"gather", 16, "accesses", "an access whose lanes are anywhere, against 1 for lanes that are side by side"},
    {"strided", 6, "accesses", "an access whose lanes are a short constant distance apart, up to 16 elements"},
    {"inner-trips", 16, "iterations", "what an inner loop of unknown length is taken to have"},
    {"chain-body", 60, "additions",
     "a body with functions up to this long runs two vectors at once: longer ones fill the units"},
    {"tiles-in-place", 32 * 32 * 32, "multiply-adds",
     "a known product up to this size does not pay for copied factors"},
    {"tile-block-rows", 96, "rows", "of tiles without copies that pass a block of columns in the second cache level"},
    {"packed-rows-f64", 96, "rows", "a block of copied rows, 256 deep, is 192 KiB: it stays in the second cache level"},
    {"packed-rows-f32", 192, "rows", "the same of half the bytes an element"},
    {"symmetric-factors", 64, "factors", "products of more are not searched for symmetry"},
    {"folded-rows", 384, "rows",
     "sums over the tiles of up to so many known rows keep no errors: they are few additions"},
    // Strips and borders.
    {"strip", 256, "elements", "the shortest strip that goes through all steps: shorter ones are mostly overhead"},
    {"strip-steps", 4, "steps", "fewer known steps do not pay for strips"},
    {"border", 16, "iterations", "the widest border that is peeled; a loop up to four times as long is not"},
    {"peeled-body", 1000, "nodes", "a longer body is not worth being there twice"},
    // Memory and threads.
    {"stack", 8192, "bytes", "what is known to be smaller is in the frame and not in the workspace"},
    {"thread-iterations", 16, "iterations", "a loop known to be no longer is not divided among threads"},
    {"thread-work", 400000, "nodes", "less work, nodes times elements, does not pay for waking threads"},
    {"thread-shares", 8, "shares a thread", "a thread that is late takes fewer of them"},
    {"thread-vector-unit", 64, "iterations", "shares of a vector loop are multiples: whole vectors, and whole lines"},
    {"thread-tile-unit", 24, "rows", "shares of tiles are multiples: whole tiles of 12, 6 and 4 rows"},
    // Code of loops.
    {"accumulators", 4, "vectors", "reductions have so many, which hides the latency of the operation"},
    {"light-body", 32, "nodes",
     "a lighter body is there once an accumulator, side by side; of others vectors take turns"},
    {"prefetch-body", 64, "operations",
     "bodies from this on fetch ahead; shorter ones keep up with the processor's own fetching"},
    {"prefetch-distance", 1024, "operations",
     "they take about as long as a line from memory; 512 to 2048 measured alike"},
    {"streamed", 4 << 20, "bytes",
     "arrays from this on are written past the caches; 8 MiB and more gained when measured"},
    {"interleaved", 4, "values",
     "up to so many stores side by side are interleaved in registers, more are turned as rows"},
    {"long-operation", 4, "additions", "from this on an operation may be a function of its own"},
    {"many-operations", 256, "operations",
     "with more of them in a plan they are functions: compiling each in place takes long"},
};

/// The constant of the name; another name does not compile.
consteval std::int64_t cost(std::string_view name) {
  for (const Cost& c : kCosts) {
    if (c.name == name) return c.value;
  }
  throw "no cost has the name";
}

/// A line a constant: name, value, unit, reason.
std::string cost_listing();

}  // namespace rg::plan
