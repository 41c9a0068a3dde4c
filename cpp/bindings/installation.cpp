// Where the installed engine lies and what it is, for building programs against it.
#include <dlfcn.h>
#include <pybind11/pybind11.h>

#include <filesystem>

#include "bindings.h"
#include "duet/cpu_features.h"
#include "duet/handshake.h"
#include "duet/transform.h"

namespace duet::bindings {
namespace {

namespace py = pybind11;
using py::literals::operator""_a;

// The folder of the module's own file.
std::filesystem::path folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&folder), &info) == 0) return {};
  return std::filesystem::path(info.dli_fname).parent_path();
}

}  // namespace

void define_installation(py::module_& module) {
  module.attr("__version__") = kEngineVersion;
  module.def(
      "include_dir", [] { return (folder() / "duet" / "include").string(); },
      "The folder of the engine's headers.");
  module.def(
      "cmake_dir", [] { return (folder() / "duet" / "cmake").string(); },
      "The folder that find_package(duet) needs in duet_DIR.");
  module.def(
      "cpu_features",
      [] {
        const CpuFeatures& features = cpu_features();
        return py::dict("aes"_a = features.aes, "avx2_fma"_a = features.avx2_fma,
                        "avx512_ifma"_a = features.avx512_ifma,
                        "transform"_a = name_of(transform_in_use()));
      },
      "The processor's instructions that the engine makes use of, and which transform lattice "
      "encryption computes with.");
}

}  // namespace duet::bindings
