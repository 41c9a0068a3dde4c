// The engine's exceptions. The Python module maps each to a class of the same name.
#pragma once

#include <stdexcept>

namespace duet {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The other party is gone: end of stream, or the connection was reset.
struct PeerError : Error {
  using Error::Error;
};

// The other party is there, or never came, but nothing happened for too long.
struct TimeoutError : Error {
  using Error::Error;
};

// What arrived is not what the protocol expects: a bad frame, a wrong length, an invalid point.
struct ProtocolError : Error {
  using Error::Error;
};

// The parties were started with different programs or settings.
struct MismatchError : Error {
  using Error::Error;
};

// The servers do not agree on what a round sent, received or resulted in.
struct AgreementError : Error {
  using Error::Error;
};

// A host name does not resolve, or an address cannot be used (for instance: the port is taken).
struct AddressError : Error {
  using Error::Error;
};

// A value left the range that the program was compiled for; the message names the op.
struct RangeError : Error {
  using Error::Error;
};

// A division by zero; the message names the op.
struct DivisionError : Error {
  using Error::Error;
};

// An online phase without a setup of its own: setups are never used twice.
struct SetupError : Error {
  using Error::Error;
};

}  // namespace duet
