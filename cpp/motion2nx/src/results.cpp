#include "results.h"

#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <span>
#include <sstream>
#include <system_error>

#include "duet/errors.h"
#include "server_options.h"

namespace ezmotion {
namespace {

namespace json = boost::json;

constexpr const char* kReport = "report.json";

void write_file(const std::string& path, const std::string& head,
                std::span<const std::uint8_t> data = {}) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream.write(head.data(), static_cast<std::streamsize>(head.size()));
  stream.write(reinterpret_cast<const char*>(data.data()),
               static_cast<std::streamsize>(data.size()));
  stream.close();
  if (!stream) throw duet::Error("cannot write " + path);
}

// The beginning of a file of numpy's format, version 1.0.
std::string npy_head(const char* type, const Shape& shape) {
  std::string text = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': (";
  for (const std::size_t size : shape) text += std::to_string(size) + ",";
  text += "), }";
  constexpr std::size_t kBefore = 10;
  constexpr std::size_t kMultiple = 64;
  text.append(kMultiple - (kBefore + text.size() + 1) % kMultiple, ' ');
  text += '\n';
  std::string head("\x93NUMPY\x01\x00", 8);
  head += static_cast<char>(text.size() & 0xff);
  head += static_cast<char>(text.size() >> 8);
  return head + text;
}

void write_npy(const std::string& path, const Tensor<Ring>& value, int frac) {
  if (frac == 0) {
    const std::span<const Ring> units(value.data);
    return write_file(path, npy_head("<i8", value.shape),
                      {reinterpret_cast<const std::uint8_t*>(units.data()), units.size_bytes()});
  }
  std::vector<double> numbers;
  for (const Ring x : value.data) {
    numbers.push_back(std::ldexp(static_cast<double>(static_cast<std::int64_t>(x)), -frac));
  }
  const std::span<const double> all(numbers);
  write_file(path, npy_head("<f8", value.shape),
             {reinterpret_cast<const std::uint8_t*>(all.data()), all.size_bytes()});
}

}  // namespace

std::string Report::json(const Terms& terms) const {
  json::array left_out;
  for (const auto& [client, why] : dropped) {
    left_out.push_back(json::array{client ? json::value(*client) : json::value(), why});
  }
  json::array opened;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    opened.push_back(json::object{{"output", terms.outputs.at(i).path}, {"bits", bits[i]}});
  }
  return json::serialize(json::object{{"program", program},
                                      {"round", round},
                                      {"party_id", party},
                                      {"arithmetic_protocol", arithmetic},
                                      {"clients", json::value_from(clients)},
                                      {"dropped", left_out},
                                      {"opened", opened},
                                      {"bytes_sent", bytes_sent},
                                      {"bytes_received", bytes_received},
                                      {"setup_seconds", setup_seconds},
                                      {"online_seconds", online_seconds}});
}

std::string Report::text() const {
  std::ostringstream text;
  text << std::fixed << program << ", server " << party << ", " << arithmetic << ": a round of "
       << clients.size() << " clients\n";
  for (const auto& [client, why] : dropped) {
    text << "  left out" << (client ? " client " + std::to_string(*client) : std::string()) << ": "
         << why << "\n";
  }
  text << std::setprecision(2) << "  setup " << setup_seconds << " s, online " << online_seconds
       << " s; " << static_cast<double>(bytes_sent) / 1e6 << " MB sent, "
       << static_cast<double>(bytes_received) / 1e6 << " MB received\n";
  return text.str();
}

Results::Results(const std::string& folder) : folder_(folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw UsageError("--results " + folder + ": " + error.message());
  if (std::filesystem::exists(folder + "/" + kReport)) {
    throw UsageError("--results " + folder +
                     " has the results of another round: name a new folder");
  }
}

void Results::write(const Terms& terms, const std::vector<duet::Opened>& opened,
                    const Report& report) const {
  for (std::size_t i = 0; i < opened.size(); ++i) {
    const Output& output = terms.outputs.at(i);
    write_npy(folder_ + "/" + output.path + ".npy", opened[i].value, output.frac);
  }
  write_file(folder_ + "/" + kReport, report.json(terms) + "\n");
}

}  // namespace ezmotion
