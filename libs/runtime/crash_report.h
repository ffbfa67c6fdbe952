// What is left of a process that died of a fault: a report of some kilobytes in its data folder,
// which names program, build, signal and the frames of the thread that died, and nothing of its
// memory.
//
// A core dump would hold every secret of the process. Therefore one that the kernel writes all the
// same has threads, registers and build ids, no stacks and no heap (/proc/self/coredump_filter; who
// debugs writes another value there).
#pragma once

#include <string>
#include <string_view>

namespace gannet::runtime {

// Reports beyond these are not written, until some are taken away: a process that dies at every
// start must not fill the disk.
inline constexpr int kMaxCrashReports = 32;

// DATA_DIR/crash-N.json
std::string CrashReportPath(const std::string& data_dir, int number);

// From now on, for the whole process; call it once, on the main thread. Empty `data_dir`: no
// report, only what core dumps leave out. The signal still ends the process.
void ReportCrashes(std::string_view program, std::string_view build, const std::string& data_dir);

}  // namespace gannet::runtime
