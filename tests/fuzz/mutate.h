// Small changes of texts and bytes.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace rg::fuzz {

/// One of the seeds with one to eight changes: bytes and runs of bytes dropped, doubled, moved and replaced, numbers
/// made extreme, parts of another seed put in, words of it exchanged.
std::string mutated(const std::vector<std::string>& seeds, std::mt19937_64& random);

}  // namespace rg::fuzz
