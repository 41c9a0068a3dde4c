// The baseline of wire traces: digests of what each party has sent, in wire_traces.txt.
// docs/wire-traces.md says what a changed one means.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "duet/channel.h"
#include "two_party.h"

namespace duet {

class WireTraces {
 public:
  static WireTraces& baseline() {
    static WireTraces traces;
    return traces;
  }

  // Says what differs, and has the program fail at its end: so all that differ are seen in one run.
  // Also appends what it finds to the file $DUET_FOUND_TRACES, if that is set.
  void check(const std::string& entry, int party, const std::string& found) {
    const std::string expected = expected_[{entry, party}];
    if (found != expected) {
      std::fprintf(stderr,
                   "wire trace %s, party %d: other bytes were sent\n  expected %s\n  found    %s\n"
                   "docs/wire-traces.md says what that means and how to update the baseline.\n",
                   entry.c_str(), party, expected.empty() ? "none" : expected.c_str(),
                   found.c_str());
      failed_ = true;
    }
    if (const char* path = std::getenv("DUET_FOUND_TRACES")) {
      std::ofstream(path, std::ios::app)
          << entry + " " + std::to_string(party) + " " + found + "\n";
    }
  }

 private:
  WireTraces() {
    std::ifstream file(DUET_WIRE_TRACES);
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string entry, digest;
      int party = 0;
      if (line.starts_with("#")) continue;
      CHECK(fields >> entry >> party >> digest);
      expected_[{entry, party}] = digest;
    }
  }
  ~WireTraces() {
    if (failed_) std::_Exit(1);
  }

  std::map<std::pair<std::string, int>, std::string> expected_;
  bool failed_ = false;
};

// What a party's channel has sent since it was made.
inline void check_trace(const Channel& channel, const std::string& entry, int party) {
  WireTraces::baseline().check(entry, party, hex(channel.sent_digest()));
}

}  // namespace duet
