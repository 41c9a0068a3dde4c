// The parts of the Python module, one per source file.
#pragma once

#include <pybind11/pybind11.h>

namespace duet::bindings {

void define_errors(pybind11::module_& module);
void define_session(pybind11::module_& module);
void define_program(pybind11::module_& module);
void define_sharing(pybind11::module_& module);
void define_costs(pybind11::module_& module);
void define_installation(pybind11::module_& module);

}  // namespace duet::bindings
