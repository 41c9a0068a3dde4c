// The client's side, and what a server makes of an upload by itself.
#include "duet/sharing.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstring>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "duet/client_proofs.h"
#include "duet/client_shares.h"
#include "python_session.h"

namespace duet::bindings {
namespace {

using py::literals::operator""_a;

using PythonVector = std::tuple<std::size_t, unsigned, std::size_t>;
using PythonTerm = std::tuple<std::size_t, std::int64_t, std::int64_t>;
using PythonStatement = std::pair<std::vector<PythonTerm>, py::bytes>;
using PythonProduct = std::pair<std::size_t, std::size_t>;
using PythonUnitSums = std::pair<std::size_t, std::size_t>;

std::span<const std::uint8_t> span_of(const py::bytes& bytes) {
  const std::string_view view = bytes;
  return {reinterpret_cast<const std::uint8_t*>(view.data()), view.size()};
}

Block seed_block(const py::bytes& seed) {
  const std::string_view bytes = seed;
  Block block;
  if (bytes.size() != sizeof block) throw py::value_error("a seed has 16 bytes");
  std::memcpy(&block, bytes.data(), sizeof block);
  return block;
}

py::bytes bytes_of(const void* data, std::size_t size) {
  return {static_cast<const char*>(data), size};
}

template <class T>
std::span<const T> elements(const py::array_t<T, py::array::c_style>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

template <class T>
py::array_t<T> array_of(const SecretVector<T>& data) {
  return py::array_t<T>(static_cast<py::ssize_t>(data.size()), data.data());
}

ProofLayout layout_of(const std::vector<PythonVector>& vectors,
                      const std::vector<PythonStatement>& statements,
                      const std::vector<PythonProduct>& products,
                      const std::vector<PythonUnitSums>& unit_sums) {
  std::vector<ProofVector> shapes;
  for (const auto& [entries, bits, row] : vectors) shapes.push_back({entries, bits, row});
  std::vector<ProofStatement> proved;
  for (const auto& [terms, constant] : statements) {
    ProofStatement statement;
    for (const auto& [vector, square, sum] : terms) {
      statement.terms.push_back({vector, square, sum});
    }
    const auto bytes = span_of(constant);
    if (bytes.size() != statement.constant.size()) {
      throw py::value_error("a constant has 32 bytes");
    }
    std::copy(bytes.begin(), bytes.end(), statement.constant.begin());
    proved.push_back(std::move(statement));
  }
  std::vector<ProofUnitSums> units;
  for (const auto& [vector, length] : unit_sums) units.push_back({vector, length});
  std::vector<ProofProduct> wanted;
  for (const auto& [first, second] : products) wanted.push_back({first, second});
  return {std::move(shapes), std::move(proved), std::move(wanted), std::move(units)};
}

py::array_t<std::int64_t> encode_array(const py::array& values, int frac) {
  const auto array = contiguous<double>(values);
  const SecretVector<Ring> encoded = encode(elements(array), frac);
  py::array_t<std::int64_t> result(
      std::vector<py::ssize_t>(array.shape(), array.shape() + array.ndim()));
  std::memcpy(result.mutable_data(), encoded.data(), encoded.size() * sizeof(Ring));
  return result;
}

py::tuple prove_array(const ProofLayout& layout, const py::array& values,
                      const py::bytes& context) {
  const auto array = contiguous<std::int64_t>(values);
  const auto numbers = elements(array);
  const auto bound_to = span_of(context);
  ProvenUpload upload;
  {
    const py::gil_scoped_release release;
    Randomness random = Randomness::os();
    upload = prove(layout, numbers, bound_to, random);
  }
  return py::make_tuple(bytes_of(&upload.seed, sizeof upload.seed), array_of(upload.low),
                        array_of(upload.high), array_of(upload.proof));
}

py::array_t<Ring> expand_array(const ProofLayout& layout, const py::bytes& seed,
                               const py::bytes& context) {
  return array_of(expand_upload(layout, upload_key(seed_block(seed), span_of(context))));
}

py::tuple verdicts_of(const ProofVerdicts& verdicts) {
  py::list accepted;
  for (const std::uint8_t verdict : verdicts.accepted) accepted.append(verdict != 0);
  return py::make_tuple(accepted, to_array(verdicts.products.shape, verdicts.products.data));
}

using PythonSeeds = std::vector<std::pair<py::bytes, py::bytes>>;

std::vector<Block> keys_of(const PythonSeeds& seeds) {
  std::vector<Block> keys;
  for (const auto& [seed, context] : seeds) {
    keys.push_back(upload_key(seed_block(seed), span_of(context)));
  }
  return keys;
}

py::tuple check_seeds(const PythonSession& python_session, const ProofLayout& layout,
                      const PythonSeeds& seeds) {
  const std::vector<Block> keys = keys_of(seeds);
  const PythonSession::Use session(python_session);
  ProofVerdicts verdicts;
  {
    const py::gil_scoped_release release;
    verdicts = ClientProofs::run(*session, layout, keys);
  }
  return verdicts_of(verdicts);
}

py::tuple check_masked(const PythonSession& python_session, const ProofLayout& layout, int file,
                       std::vector<std::uint64_t> offsets) {
  const FileUploads uploads(layout, file, std::move(offsets));
  const PythonSession::Use session(python_session);
  ProofVerdicts verdicts;
  {
    const py::gil_scoped_release release;
    verdicts = ClientProofs::run(*session, layout, uploads);
  }
  return verdicts_of(verdicts);
}

void add_seeded(ClientShares& shares, const ProofLayout& layout, const PythonSeeds& seeds,
                std::size_t vector, const Shape& shape) {
  shares.add(seeded_shares(layout, keys_of(seeds), vector, shape));
}

void add_file(ClientShares& shares, int file, std::vector<std::uint64_t> offsets,
              const Shape& shape) {
  shares.add(SharedRows(shape, file_rows(file, std::move(offsets))));
}

}  // namespace

void define_sharing(py::module_& module) {
  module.def("encode", &encode_array, "values"_a, "frac"_a,
             "A float64 array in fixed point, as int64. RangeError if a value does not fit.");
  module.attr("MOST_SHARE_BITS") = kMostShareBits;
  module.attr("LONGEST_ROW") = kLongestRow;
  py::class_<ProofLayout>(module, "ProofLayout",
                          "What clients upload and prove: see cpp/include/duet/proof.h.")
      .def(py::init(&layout_of), "vectors"_a, "statements"_a, "products"_a,
           "unit_sums"_a = std::vector<PythonUnitSums>(),
           "Vectors (entries, bits, row), statements ([(vector, square, sum)], constant of 32 "
           "bytes), the pairs of vectors of whose inner products servers get shares, and (vector, "
           "length) of those of which every so many entries add up to 1.")
      .def_property_readonly("entries", &ProofLayout::entries)
      .def_property_readonly("high_bytes", &ProofLayout::high_bytes)
      .def_property_readonly("proof_bytes", &ProofLayout::proof_bytes)
      .def_property_readonly("message_bytes", &ProofLayout::message_bytes)
      .def_property_readonly("coefficients", &ProofLayout::coefficients);
  module.def("prove", &prove_array, "layout"_a, "values"_a, "context"_a,
             "Of an int64 vector the seed for server 0, and for server 1 the low words of its "
             "shares, their other bytes and the proof. Draws a fresh seed. RangeError if shares of "
             "so few bits do not hide the values.");
  module.def("expand_upload", &expand_array, "layout"_a, "seed"_a, "context"_a,
             "Server 0's shares, as a vector of uint64.");
  module.def("check_seeds", &check_seeds, "session"_a, "layout"_a, "seeds"_a,
             "Server 0's side of checking all clients' proofs, (seed, context) of each: which of "
             "them hold, and its shares of inner products. Once for an upload, never again.");
  module.def(
      "check_masked", &check_masked, "session"_a, "layout"_a, "file"_a, "offsets"_a,
      "Server 1's side; each client's upload, low words, high bytes and proof, lies in a file "
      "from its offset on.");
  py::class_<ClientShares>(module, "ClientShares",
                           "This party's shares of a round's inputs, in the program's order.")
      .def(py::init())
      .def(
          "add_array",
          [](ClientShares& shares, const py::array& array) {
            shares.add(SharedRows(to_tensor(array)));
          },
          "array"_a, "A uint64 array, with the clients along the first axis.")
      .def(
          "read",
          [](const ClientShares& shares, std::size_t input) {
            const Tensor<Ring>& tensor = shares.at(input);
            return to_array(tensor.shape, tensor.data);
          },
          "input"_a, "All shares of one input, for whoever wants them in memory.")
      .def("add_seeded", &add_seeded, "layout"_a, "seeds"_a, "vector"_a, "shape"_a,
           "What clients' seeds, (seed, context) of each, stand for from one of the layout's "
           "vectors "
           "on; expanded where it is read.")
      .def(
          "add_file", &add_file, "file"_a, "offsets"_a, "shape"_a,
          "8 bytes for each entry in a file, from each client's offset on; it is not read at once, "
          "and must stay open.");
}

}  // namespace duet::bindings
