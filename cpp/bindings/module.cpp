// The Python module _duet: what a server process needs of the engine, and the client's side.
#include "bindings.h"
#include "duet/errors.h"

namespace duet::bindings {

void define_errors(pybind11::module_& module) {
  const auto base = pybind11::register_exception<Error>(module, "Error", PyExc_RuntimeError);
  pybind11::register_exception<PeerError>(module, "PeerError", base);
  pybind11::register_exception<TimeoutError>(module, "TimeoutError", base);
  pybind11::register_exception<ProtocolError>(module, "ProtocolError", base);
  pybind11::register_exception<MismatchError>(module, "MismatchError", base);
  pybind11::register_exception<AgreementError>(module, "AgreementError", base);
  pybind11::register_exception<AddressError>(module, "AddressError", base);
  pybind11::register_exception<RangeError>(module, "RangeError", base);
  pybind11::register_exception<DivisionError>(module, "DivisionError", base);
  pybind11::register_exception<SetupError>(module, "SetupError", base);
}

}  // namespace duet::bindings

PYBIND11_MODULE(_duet, module) {
  using namespace duet::bindings;
  module.doc() = "Duet, the engine for secure two-party computation.";
  define_errors(module);
  define_session(module);
  define_program(module);
  define_sharing(module);
  define_costs(module);
  define_installation(module);
}
