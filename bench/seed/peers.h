// The seed workloads in the peers, through bench/peers/seed.py.
#pragma once

#include "bench/seed/seed.h"

namespace rg::bench {

struct PeerReport {
  std::vector<Row> rows;
  std::vector<std::string> notes;  ///< tools that were not measured, and why
};

/// Runs the script on the options' Python with as many cores as the options say. Never fails: what cannot be measured
/// is a note.
PeerReport measure_peers(const SeedOptions& options);

/// Rows and notes from what the script printed.
PeerReport peers_from_json(const std::string& text);

}  // namespace rg::bench
