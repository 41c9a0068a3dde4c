#include "check.h"
#include "duet/errors.h"

int main() {
  // Every error can be caught as duet::Error and as std::runtime_error, with its text.
  CHECK(message_of<duet::Error>([] { throw duet::PeerError("a"); }) == "a");
  CHECK(message_of<duet::Error>([] { throw duet::TimeoutError("b"); }) == "b");
  CHECK(message_of<duet::Error>([] { throw duet::ProtocolError("c"); }) == "c");
  CHECK(message_of<duet::Error>([] { throw duet::MismatchError("d"); }) == "d");
  CHECK(message_of<duet::Error>([] { throw duet::AddressError("e"); }) == "e");
  CHECK(message_of<duet::Error>([] { throw duet::RangeError("f"); }) == "f");
  CHECK(message_of<duet::Error>([] { throw duet::DivisionError("g"); }) == "g");
  CHECK(message_of<std::runtime_error>([] { throw duet::Error("h"); }) == "h");
}
