// What the code is made for: the one description of the machine that planning and lowering ask.
#pragma once

#include <cstdint>

namespace rg {

struct Target {
  /// Of a vector register.
  int vector_bytes = 64;
  /// AVX-512's scaling by powers of two, v 2^n, on vectors of 64 bytes.
  bool scalef = false;
  /// Of a cache line, and of a core's caches: the first level for data, and the second.
  std::int64_t line_bytes = 64, first_cache_bytes = 32 << 10, second_cache_bytes = 512 << 10;

  int vector_registers() const { return vector_bytes >= 64 ? 32 : 16; }
  /// Numbers of so many bytes in a vector, at least 1.
  int lanes(int bytes) const { return vector_bytes > bytes ? vector_bytes / bytes : 1; }
};

/// An x86-64 with vectors of so many bytes.
inline Target x86_with_vectors(int bytes) { return {.vector_bytes = bytes, .scalef = bytes == 64}; }

}  // namespace rg
