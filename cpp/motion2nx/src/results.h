// What a server writes at the end: opened values as numpy files, and a report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "duet/opening.h"
#include "ezmotion/server.h"

namespace ezmotion {

// Who is left out, and why; without a number: uploads that name no client.
using Dropped = std::vector<std::pair<std::optional<std::size_t>, std::string>>;

struct Report {
  std::string program;
  std::string round;
  std::string arithmetic;
  int party;
  std::vector<std::size_t> clients;  // whose values the results are of
  Dropped dropped;
  std::vector<unsigned> bits;  // that were opened of each element of each output
  std::uint64_t bytes_sent;
  std::uint64_t bytes_received;
  double setup_seconds;
  double online_seconds;

  std::string json(const Terms& terms) const;
  std::string text() const;
};

class Results {
 public:
  // UsageError unless it is a folder without a report, or can be made one.
  explicit Results(const std::string& folder);

  // For every output PATH.npy: 64-bit floats, or 64-bit integers if it has no fractional bits; and
  // report.json, last.
  void write(const Terms& terms, const std::vector<duet::Opened>& opened,
             const Report& report) const;

 private:
  std::string folder_;
};

}  // namespace ezmotion
