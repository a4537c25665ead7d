// Independent pieces of one work, done side by side.
#pragma once

#include <cstddef>
#include <functional>

namespace base {

/// Calls `work(i)` for each i below `count`, on a thread for each core but at most eight, and returns when
/// all have ended. After one has thrown no other is begun; what it threw is thrown here.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace base
