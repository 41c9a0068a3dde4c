#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

namespace duet {

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

unsigned thread_count(unsigned threads) {
  return threads > 0 ? threads : std::max(std::thread::hardware_concurrency(), 1U);
}

double parallel_for(std::size_t count, unsigned threads,
                    const std::function<void(std::size_t)>& task) {
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex failing;
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) task(i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(failing);
      if (!failure) failure = std::current_exception();
    }
  };
  threads = thread_count(threads);
  std::vector<double> seconds(std::min<std::size_t>(threads, std::max<std::size_t>(count, 1)) - 1);
  {
    std::vector<std::jthread> others;
    for (double& used : seconds) {
      others.emplace_back([&] {
        work();
        used = thread_cpu_seconds();
      });
    }
    work();
  }
  if (failure) std::rethrow_exception(failure);
  return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

}  // namespace duet
