#include "os/private_memory.h"

#include <sys/prctl.h>

namespace os {

void keep_memory_private() {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace os
