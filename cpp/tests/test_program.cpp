#include <memory>

#include "duet/errors.h"
#include "duet/program.h"
#include "protocol.h"

extern "C" duet::Program* duet_program();

namespace {

using namespace duet;

Ring signed_value(int value) { return static_cast<Ring>(std::int64_t{value}); }

void computes(Sessions& both, std::array<std::unique_ptr<Program>, 2>& programs, int clients) {
  const auto n = static_cast<std::size_t>(clients);
  Tensor<Ring> x({n, 6});
  Tensor<Ring> g({6});
  Tensor<Ring> total({6});
  Ring norm = 0;
  const auto x_at = [](int i, int j) { return (i * 37 + j * 11) % 19 - 9; };
  const auto g_at = [](int j) { return j - 2; };
  for (int j = 0; j < 6; ++j) g.data[static_cast<std::size_t>(j)] = signed_value(g_at(j));
  for (int i = 0; i < clients; ++i) {
    int similarity = 0;
    for (int j = 0; j < 6; ++j) {
      x.data[static_cast<std::size_t>(i * 6 + j)] = signed_value(x_at(i, j));
      similarity += x_at(i, j) * g_at(j);
      norm += signed_value(x_at(i, j) * x_at(i, j));
    }
    for (int j = 0; j < 6; ++j) {
      total.data[static_cast<std::size_t>(j)] +=
          signed_value(similarity > 0 ? similarity * x_at(i, j) : 0);
    }
  }

  const Shares shares = share_out(x, 3);
  std::array<std::vector<Opened>, 2> opened;
  both.run([&](Session& s, std::size_t p) {
    programs[p]->setup(s, n);
    s.begin(Phase::kOnline);
    CHECK(programs[p]->online(s, {shares[p]}, {g}).empty());
    s.end();
    s.resume(Phase::kOnline);
    opened[p] = programs[p]->reveal(s, {});
    s.end();
    CHECK(s.stats(Phase::kOnline).traffic.rounds <= 4);
  });
  for (const auto& outputs : opened) {
    CHECK(outputs.size() == 2);
    CHECK(equal(outputs[0].value, total) && equal(outputs[1].value, Tensor<Ring>({}, {norm})));
    CHECK(outputs[0].bits == 64 && outputs[1].bits == 64);
  }
}

void serves_many_rounds_of_any_size() {
  Sessions both;
  std::array<std::unique_ptr<Program>, 2> programs;
  for (auto& program : programs) program.reset(duet_program());
  for (const int clients : {3, 1, 30}) computes(both, programs, clients);
  both.run([&](Session& s, std::size_t p) {
    message_of<SetupError>([&] {
      programs[p]->online(s, {Tensor<Ring>({30, 6})}, {Tensor<Ring>({6})});
    });
  });
}

}  // namespace

int main() { serves_many_rounds_of_any_size(); }
