#include <atomic>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "parallel.h"

namespace {

using namespace duet;

void every_task_runs_once() {
  for (const unsigned threads : {0U, 1U, 3U}) {
    for (const std::size_t count : {0, 1, 2, 100}) {
      std::vector<int> runs(count);
      CHECK(parallel_for(count, threads, [&](std::size_t i) { ++runs[i]; }) >= 0);
      CHECK(runs == std::vector<int>(count, 1));
    }
  }
}

void failures_come_out_and_stop_the_rest() {
  std::atomic<int> runs = 0;
  message_of<std::runtime_error>([&] {
    parallel_for(1'000'000, 2, [&](std::size_t) {
      ++runs;
      throw std::runtime_error("as it should");
    });
  });
  CHECK(runs >= 1 && runs <= 2);
}

void the_work_of_others_is_counted() {
  std::atomic<std::uint64_t> sum = 0;
  // Long enough that the second thread gets its share.
  const double seconds = parallel_for(2, 2, [&](std::size_t i) {
    const double end = thread_cpu_seconds() + 0.02;
    while (thread_cpu_seconds() < end) sum += i;
  });
  CHECK(seconds >= 0);
  CHECK(parallel_for(2, 1, [&](std::size_t i) { sum += i; }) == 0);
}

}  // namespace

int main() {
  every_task_runs_once();
  failures_come_out_and_stop_the_rest();
  the_work_of_others_is_counted();
}
