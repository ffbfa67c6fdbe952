// The hash of what a program or library holds, as the linker wrote it into a note.
#pragma once

#include <link.h>

#include <string>

namespace gannet::runtime {

// In hex; empty: it was linked without one. Of an object as dl_iterate_phdr gives it.
std::string BuildIdOf(const dl_phdr_info& object);

}  // namespace gannet::runtime
