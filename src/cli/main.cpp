#include "cli/command.h"
#include "os/private_memory.h"

int main(int argc, char** argv) {
  os::keep_memory_private();
  return cli::run_program(argc, argv);
}
