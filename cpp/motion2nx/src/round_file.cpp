#include "round_file.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <utility>

#include "server_options.h"

namespace ezmotion {
namespace {

namespace json = boost::json;

constexpr std::int64_t kFormat = 1;

std::string text_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) throw UsageError("--round " + file + ": cannot be read");
  return text;
}

std::uint8_t digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  throw std::invalid_argument("not hexadecimal");
}

void decode(const json::value& value, std::span<std::uint8_t> bytes) {
  const json::string& text = value.as_string();
  if (text.size() != 2 * bytes.size()) {
    throw std::invalid_argument("expected " + std::to_string(bytes.size()) + " bytes");
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
  }
}

template <class T>
T number(const json::value& value) {
  return value.to_number<T>();
}

template <class T>
std::vector<T> numbers(const json::value& value) {
  std::vector<T> all;
  for (const json::value& one : value.as_array()) all.push_back(number<T>(one));
  return all;
}

duet::ProofLayout layout_of(const json::value& layout) {
  std::vector<duet::ProofVector> vectors;
  for (const json::value& v : layout.at("vectors").as_array()) {
    vectors.push_back(
        {number<std::size_t>(v.at(0)), number<unsigned>(v.at(1)), number<std::size_t>(v.at(2))});
  }
  std::vector<duet::ProofStatement> statements;
  for (const json::value& s : layout.at("statements").as_array()) {
    duet::ProofStatement statement{};
    for (const json::value& t : s.at("terms").as_array()) {
      statement.terms.push_back({number<std::size_t>(t.at(0)), number<std::int64_t>(t.at(1)),
                                 number<std::int64_t>(t.at(2))});
    }
    decode(s.at("constant"), statement.constant);
    statements.push_back(std::move(statement));
  }
  std::vector<duet::ProofProduct> products;
  for (const json::value& p : layout.at("products").as_array()) {
    products.push_back({number<std::size_t>(p.at(0)), number<std::size_t>(p.at(1))});
  }
  std::vector<duet::ProofUnitSums> sums;
  for (const json::value& u : layout.at("unit_sums").as_array()) {
    sums.push_back({number<std::size_t>(u.at(0)), number<std::size_t>(u.at(1))});
  }
  return {std::move(vectors), std::move(statements), std::move(products), std::move(sums)};
}

Tensor<Ring> tensor_of(const json::value& value) {
  Tensor<Ring> tensor(numbers<std::size_t>(value.at("shape")));
  decode(value.at("data"),
         {reinterpret_cast<std::uint8_t*>(tensor.data.data()), tensor.size() * sizeof(Ring)});
  return tensor;
}

Publics publics_of(const json::value& value) {
  Publics publics;
  if (value.as_object().contains("refused")) {
    publics.refused = value.at("refused").as_string();
    return publics;
  }
  for (const json::value& one : value.at("values").as_array()) {
    publics.values.push_back(tensor_of(one));
  }
  publics.lowest = numbers<unsigned>(value.at("lowest"));
  return publics;
}

Round round_of(const json::value& value) {
  if (number<std::int64_t>(value.at("format")) != kFormat) {
    throw std::invalid_argument("it is of another version");
  }
  Round round{};
  decode(value.at("program"), round.program);
  decode(value.at("round"), round.id);
  round.clients = number<std::size_t>(value.at("clients"));
  round.layout = std::make_unique<duet::ProofLayout>(layout_of(value.at("layout")));
  for (const json::value& one : value.at("inputs").as_array()) {
    round.inputs.push_back({number<std::size_t>(one.at("vector")),
                            number<std::size_t>(one.at("entry")),
                            numbers<std::size_t>(one.at("shape"))});
  }
  for (const json::value& one : value.at("products").as_array()) {
    round.products.push_back(numbers<std::size_t>(one));
  }
  std::vector<Publics> publics;
  for (const json::value& one : value.at("publics").as_array()) publics.push_back(publics_of(one));
  for (const json::value& one : value.at("by_clients").as_array()) {
    round.publics.emplace(number<std::size_t>(one.at(0)),
                          publics.at(number<std::size_t>(one.at(1))));
  }
  return round;
}

}  // namespace

std::string hexadecimal(std::span<const std::uint8_t> bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string Round::id_text() const { return hexadecimal(id); }

std::vector<std::uint8_t> Round::context(std::size_t client) const {
  std::vector<std::uint8_t> bytes(program.begin(), program.end());
  bytes.insert(bytes.end(), id.begin(), id.end());
  for (unsigned i = 0; i < 8; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(std::uint64_t{client} >> (8 * i)));
  }
  return bytes;
}

Round read_round(const std::string& file, const Terms& terms) {
  const std::string text = text_of(file);
  Round round{};
  try {
    round = round_of(json::parse(text));
    for (const SharedInput& input : round.inputs) {
      const std::size_t end = input.entry + duet::element_count(input.shape);
      if (end > round.layout->entries() || input.vector >= round.layout->vectors().size()) {
        throw std::invalid_argument("an input is not within the uploads");
      }
    }
    for (const std::vector<std::size_t>& product : round.products) {
      for (const std::size_t column : product) {
        if (column >= round.layout->products().size()) {
          throw std::invalid_argument("a product is not among those that are proved");
        }
      }
    }
  } catch (const std::exception& error) {
    throw UsageError("--round " + file + " describes no round: " + error.what());
  }
  if (hexadecimal(round.program) != terms.hash) {
    throw UsageError("--round " + file + " is for another program (" + hexadecimal(round.program) +
                     ") than this one, " + terms.name + " (" + terms.hash +
                     "): make it anew from the sources that this program was built from");
  }
  if (round.clients < terms.min_clients || round.clients > terms.max_clients ||
      (terms.exact && round.clients != terms.max_clients)) {
    throw UsageError("--round " + file + " is one of " + std::to_string(round.clients) +
                     " clients, but " + terms.name + " is for " +
                     (terms.exact ? "exactly " : std::to_string(terms.min_clients) + " to ") +
                     std::to_string(terms.max_clients));
  }
  duet::Sha256 hash;
  hash.update(std::span<const char>(text));
  round.digest = hash.digest();
  return round;
}

}  // namespace ezmotion
