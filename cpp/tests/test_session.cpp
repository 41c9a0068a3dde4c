#include <vector>

#include "duet/session.h"
#include "duet/session_setup.h"
#include "two_party.h"

namespace {

using namespace duet;

struct Sessions {
  explicit Sessions(Options options = {},
                    std::pair<Channel, Channel> channels = Channel::local_pair())
      : first(std::move(channels.first), 0, Randomness::for_tests({1, 0}), Block{}, options),
        second(std::move(channels.second), 1, Randomness::for_tests({2, 0}), Block{}, options) {}

  Session first;
  Session second;
};

void extend(Session& session, bool as_sender) {
  std::vector<Block> blocks(300);
  if (as_sender) {
    session.ot_sender().extend(blocks);
  } else {
    session.ot_receiver().extend(std::vector<std::uint8_t>(300, 1), blocks);
  }
}

void ots_in_both_directions() {
  for (const int k : {2, 4}) {
    Sessions both({k});
    message_of<std::logic_error>([&] { both.first.ot_sender(); });
    message_of<std::logic_error>([&] { both.second.ot_receiver(); });
    run_both([&] { both.first.init_ot(); }, [&] { both.second.init_ot(); });
    CHECK(measured_cost(both.first.channel(), both.second.channel()) ==
          BaseTransfers::setup_cost(k));
    const auto party = [](Session& session) {
      session.init_ot();  // once is enough
      extend(session, session.party() == 0);
      extend(session, session.party() == 1);
      extend(session, session.party() == 0);
    };
    run_both([&] { party(both.first); }, [&] { party(both.second); });
    CHECK(both.first.ot_sender().delta() != both.second.ot_sender().delta());
  }
}

void phases_are_measured_apart() {
  Sessions both;
  const auto party = [](Session& session) {
    session.begin(Phase::kSetup);
    session.init_ot();
    session.begin(Phase::kOnline);
    extend(session, session.party() == 0);
    session.end();
  };
  run_both([&] { party(both.first); }, [&] { party(both.second); });
  const Cost setup = BaseTransfers::setup_cost(kDefaultOtK);
  const Cost online = cot_extend_cost(300, kDefaultOtK, 0);
  for (const Session* session : {&both.first, &both.second}) {
    const auto index = static_cast<std::size_t>(session->party());
    const PhaseStats& first = session->stats(Phase::kSetup);
    const PhaseStats& second = session->stats(Phase::kOnline);
    CHECK(first.traffic.bytes_sent == setup.bytes[index]);
    CHECK(second.traffic.bytes_sent == online.bytes[index]);
    CHECK(second.traffic.messages_sent == online.messages[index]);
    CHECK(second.traffic.rounds == 1 - index || index == 1);
    CHECK(first.wall_seconds > 0 && first.cpu_seconds > 0 && first.cpu_seconds < 60);
  }
}

void work_by_other_means_is_added() {
  Sessions both;
  Session& session = both.first;
  session.begin(Phase::kOnline);
  PhaseStats figures;
  figures.traffic = {1000, 2000, 3, 4, 5};
  figures.wall_seconds = -7;
  figures.cpu_seconds = 8;
  session.account(Phase::kOnline, figures);
  session.account(Phase::kOnline, figures);
  session.account(Phase::kSetup, figures);
  session.end();
  const PhaseStats online = session.stats(Phase::kOnline);
  CHECK(online.traffic.bytes_sent == 2000 && online.traffic.bytes_received == 4000);
  CHECK(online.traffic.messages_sent == 6 && online.traffic.messages_received == 8);
  CHECK(online.traffic.rounds == 10);
  CHECK(online.wall_seconds > -14 && online.wall_seconds < -13);
  CHECK(online.cpu_seconds >= 16 && online.cpu_seconds < 17);
  CHECK(session.stats(Phase::kSetup).traffic.rounds == 5);
  session.begin(Phase::kOnline);
  session.end();
  CHECK(session.stats(Phase::kOnline).traffic.bytes_sent == 0);
  CHECK(session.stats(Phase::kOnline).wall_seconds >= 0);
  CHECK(session.stats(Phase::kSetup).traffic.rounds == 5);
}

void tweaks_are_given_out_once() {
  Sessions both;
  CHECK(both.first.reserve_tweaks(10) == 0);
  CHECK(both.first.reserve_tweaks(65) == 64);
  CHECK(both.first.reserve_tweaks(0) == 192 && both.first.reserve_tweaks(1) == 192);
}

void refuses_a_third_party() {
  auto channels = Channel::local_pair();
  message_of<std::invalid_argument>(
      [&] { Session(std::move(channels.first), 2, Randomness::os(), Block{}); });
}

}  // namespace

int main() {
  ots_in_both_directions();
  phases_are_measured_apart();
  work_by_other_means_is_added();
  tweaks_are_given_out_once();
  refuses_a_third_party();
}
