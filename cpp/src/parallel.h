// Work on all cores.
#pragma once

#include <cstddef>
#include <functional>

namespace duet {

// How to have tasks 0, 1, ..., count - 1 done.
using Parallel =
    std::function<void(std::size_t count, const std::function<void(std::size_t)>& task)>;

// How many threads are meant by `threads`, where 0 is one for each core.
unsigned thread_count(unsigned threads);

// Calls task(0), task(1), ..., task(count - 1), each once, on up to thread_count(threads) threads,
// this one among them; throws the first exception that a task throws, when all
// threads have ended. Returns the CPU seconds of the other threads.
double parallel_for(std::size_t count, unsigned threads,
                    const std::function<void(std::size_t)>& task);

// CPU seconds of the calling thread.
double thread_cpu_seconds();

}  // namespace duet
