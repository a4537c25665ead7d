// Memory that holds passwords.
#pragma once

namespace os {

/// From now on our memory is in no core dump and cannot be traced by other processes of the same user. What
/// we execute is not concerned.
void keep_memory_private();

}  // namespace os
