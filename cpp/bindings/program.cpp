#include "duet/program.h"

#include <dlfcn.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "duet/errors.h"
#include "python_session.h"

namespace duet::bindings {
namespace {

using py::literals::operator""_a;

// A program from a shared object. Shared objects are never unloaded: objects that they made, such
// as exceptions, may outlive the program.
class LoadedProgram {
 public:
  explicit LoadedProgram(const std::string& path) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw Error("cannot load " + path + ": " + dlerror());
    const auto factory = reinterpret_cast<ProgramFactory>(dlsym(library, kProgramFactory));
    if (factory == nullptr) throw Error(path + " is not a compiled program: " + dlerror());
    program_.reset(factory());
  }

  std::string name() const { return program_->name(); }

  void setup(const PythonSession& python_session, std::size_t clients) {
    const PythonSession::Use session(python_session);
    ready_.reset();
    {
      const py::gil_scoped_release release;
      session->begin(Phase::kSetup);
      program_->setup(*session, clients);
      session->end();
    }
    ready_ = session.identity();
  }

  py::list online(const PythonSession& python_session, const ClientShares& shares,
                  const std::vector<py::array>& publics) {
    const std::vector<Tensor<Ring>> public_tensors = to_tensors(publics);
    const PythonSession::Use session(python_session);
    // The ops refuse a second use, too, but only once they are reached.
    if (std::exchange(ready_, {}).lock() != session.identity().lock()) {
      throw SetupError("online() needs a setup() of its own, in the same session");
    }
    sealed_.reset();
    std::vector<Tensor<Ring>> counts;
    {
      const py::gil_scoped_release release;
      session->begin(Phase::kOnline);
      counts = program_->online(*session, shares, public_tensors);
      session->end();
    }
    sealed_ = session.identity();
    py::list arrays;
    for (const Tensor<Ring>& tensor : counts) arrays.append(to_array(tensor.shape, tensor.data));
    return arrays;
  }

  py::list reveal(const PythonSession& python_session, const std::vector<unsigned>& lowest) {
    const PythonSession::Use session(python_session);
    if (std::exchange(sealed_, {}).lock() != session.identity().lock()) {
      throw SetupError("reveal() needs an online() of its own, in the same session");
    }
    std::vector<Opened> opened;
    {
      const py::gil_scoped_release release;
      session->resume(Phase::kOnline);
      opened = program_->reveal(*session, lowest);
      session->end();
    }
    py::list results;
    for (const Opened& o : opened) {
      results.append(py::make_tuple(to_array(o.value.shape, o.value.data), o.bits));
    }
    return results;
  }

 private:
  std::unique_ptr<Program> program_;
  std::weak_ptr<const void> ready_;   // the session of a setup that is not used yet
  std::weak_ptr<const void> sealed_;  // the session of an online() whose outputs are not open yet
};

}  // namespace

void define_program(py::module_& module) {
  py::class_<LoadedProgram>(module, "Program", "A compiled program, for one session at a time.")
      .def_property_readonly("name", &LoadedProgram::name)
      .def("setup", &LoadedProgram::setup, "session"_a, "clients"_a,
           "Does all that does not depend on the inputs. Serves one call of online().")
      .def("online", &LoadedProgram::online, "session"_a, "shares"_a, "publics"_a,
           "From this party's shares of the clients' values and from public values, uint64 arrays, "
           "the opened counts of what went wrong; the outputs stay closed.")
      .def("reveal", &LoadedProgram::reveal, "session"_a, "lowest"_a = std::vector<unsigned>{},
           "Opens the outputs of the last online(), once: a list of (uint64 array, bits opened of "
           "each element). `lowest`: for each output the place below which nothing is opened.");
  module.def(
      "load", [](const std::string& path) { return LoadedProgram(path); }, "path"_a,
      "Loads the shared object of a compiled program.");
}

}  // namespace duet::bindings
