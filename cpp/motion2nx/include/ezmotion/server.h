// An emitted program as an executable of its own: one of the two servers, for one round.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "ezmotion/program.h"
#include "utility/typedefs.h"

namespace ezmotion {

// An opened count that a server judges before it opens any result: what it means if it is not 0.
struct Check {
  // Of one client's entry, why that client is left out; empty if entries are no single client's.
  std::string of_client;
  std::string of_all;  // why there is no result at all
};

// A value that the program opens: integers in units of 2^-frac.
struct Output {
  std::string path;
  int frac;
};

// What a server must know of its program beside what it computes.
struct Terms {
  std::string name;
  std::string hash;         // in hexadecimal: of the sources, which both servers compare
  std::size_t min_clients;  // with fewer there is no round
  std::size_t max_clients;
  bool exact;  // whether max_clients is the only number of clients
  bool drops;  // whether a client that cannot take part is left out, or ends the round
  std::vector<Check> checks;    // in the order of what Program::online() returns
  std::vector<Output> outputs;  // in the order of what Program::reveal() returns
};

using MakeProgram = std::unique_ptr<Program> (*)(MPCProtocol arithmetic, std::size_t threads);

// The whole of main(): reads the command line, the round and this server's shares, meets the other
// server, computes, and writes the results. Returns the exit code: 0; 2 if options or files are
// wrong, before anything was sent; 3 if the round has failed. Exit code 70: see Connection::Watch.
int serve(int argc, char* argv[], const Terms& terms, MakeProgram make);

}  // namespace ezmotion
