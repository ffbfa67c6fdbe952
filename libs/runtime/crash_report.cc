#include "libs/runtime/crash_report.h"

#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "libs/base/concat.h"
#include "libs/base/time.h"
#include "libs/runtime/build_id.h"
#include "libs/runtime/system_clock.h"

namespace gannet::runtime {
namespace {

constexpr int kMaxFrames = 64;
constexpr size_t kMaxModules = 96;
constexpr size_t kHandlerStack = 64 << 10;
// Of the ELF headers, so that build ids are there, and nothing else (core(5)).
constexpr char kCoreFilter[] = "0x10\n";

struct Fault {
  int signal;
  const char* name;
};
constexpr Fault kFaults[] = {{SIGSEGV, "SIGSEGV"},
                             {SIGBUS, "SIGBUS"},
                             {SIGFPE, "SIGFPE"},
                             {SIGILL, "SIGILL"},
                             {SIGABRT, "SIGABRT"}};

struct Module {
  uintptr_t begin = 0, end = 0, bias = 0;
  char name[64] = "";
  char build_id[41] = "";
};

// All that the handler reads; written once, before it is installed.
struct Known {
  char program[64] = "", build[64] = "";
  std::array<char[512], kMaxCrashReports> paths{};
  std::array<Module, kMaxModules> modules{};
  size_t module_count = 0;
  alignas(16) char stack[kHandlerStack]{};
};
Known known;
const SystemClock clock_of_faults;  // one system call: a handler may ask it
std::atomic<bool> dying{false};

void Copy(std::string_view text, char* to, size_t size) {
  const size_t count = std::min(text.size(), size - 1);
  std::memcpy(to, text.data(), count);
  to[count] = '\0';
}

int NoteModule(dl_phdr_info* object, size_t, void*) {
  if (known.module_count == kMaxModules) return 1;
  Module& module = known.modules[known.module_count++];
  module.bias = object->dlpi_addr;
  module.begin = UINTPTR_MAX;
  const std::string_view path = object->dlpi_name;
  Copy(path.empty() ? known.program : path.substr(path.rfind('/') + 1), module.name,
       sizeof module.name);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type == PT_LOAD) {
      const uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
      module.begin = std::min(module.begin, begin);
      module.end = std::max(module.end, begin + segment.p_memsz);
    }
  }
  Copy(BuildIdOf(*object), module.build_id, sizeof module.build_id);
  return 0;
}

// Text put together where nothing may be allocated.
class Text {
 public:
  Text& operator<<(const char* text) {
    while (*text != '\0' && size_ < sizeof bytes_) bytes_[size_++] = *text++;
    return *this;
  }
  Text& Number(uint64_t value, unsigned base) {
    char digits[24];
    size_t count = 0;
    do {
      digits[count++] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    while (count > 0 && size_ < sizeof bytes_) bytes_[size_++] = digits[--count];
    return *this;
  }
  void WriteTo(int fd) const {
    for (size_t done = 0; done < size_;) {
      const ssize_t count = ::write(fd, bytes_ + done, size_ - done);
      if (count <= 0) return;
      done += static_cast<size_t>(count);
    }
  }

 private:
  char bytes_[32 << 10];
  size_t size_ = 0;
};
Text report;  // too large for a stack that may be at its end

void PutFrame(uintptr_t address) {
  for (size_t i = 0; i < known.module_count; ++i) {
    const Module& module = known.modules[i];
    if (address < module.begin || address >= module.end) continue;
    report << "{\"module\":\"" << module.name << "\",\"build_id\":\"" << module.build_id
           << "\",\"offset\":\"0x";
    report.Number(address - module.bias, 16) << "\"}";
    return;
  }
  report
      << "{\"module\":\"\",\"build_id\":\"\",\"offset\":\"0x0\"}";  // no address of ours: nothing
}

int OpenFree() {
  for (const auto& path : known.paths) {
    const int fd =
        path[0] == '\0' ? -1 : ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

// Only calls that a handler may make (signal-safety(7)), and backtrace(), which is one once it
// has been called before.
void OnFault(int signal) {
  if (!dying.exchange(true)) {
    if (const int fd = OpenFree(); fd >= 0) {
      const auto* fault = std::find_if(std::begin(kFaults), std::end(kFaults),
                                       [signal](const Fault& one) { return one.signal == signal; });
      report << "{\"program\":\"" << known.program << "\",\"build\":\"" << known.build
             << "\",\"signal\":\"" << (fault == std::end(kFaults) ? "" : fault->name)
             << "\",\"time\":";
      report.Number(static_cast<uint64_t>(base::UnixMillis(clock_of_faults.Now()) / 1000), 10)
          << ",\"pid\":";
      report.Number(static_cast<uint64_t>(::getpid()), 10) << ",\"frames\":[";
      void* frames[kMaxFrames];
      const int count = ::backtrace(frames, kMaxFrames);
      for (int i = 0; i < count; ++i) {
        if (i > 0) report << ",";
        PutFrame(reinterpret_cast<uintptr_t>(frames[i]));
      }
      report << "]}\n";
      report.WriteTo(fd);
      ::fsync(fd);
      ::close(fd);
    }
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void LeaveOutMemory() {
  const int fd = ::open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(fd, kCoreFilter, sizeof kCoreFilter - 1);
  ::close(fd);
}

// Sanitizers report faults themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

}  // namespace

std::string CrashReportPath(const std::string& data_dir, int number) {
  return base::Concat({data_dir, "/crash-", std::to_string(number), ".json"});
}

void ReportCrashes(std::string_view program, std::string_view build, const std::string& data_dir) {
  LeaveOutMemory();
  if (kSanitized || data_dir.empty()) return;
  Copy(program, known.program, sizeof known.program);
  Copy(build, known.build, sizeof known.build);
  for (int i = 0; i < kMaxCrashReports; ++i) {
    const std::string path = CrashReportPath(data_dir, i);
    if (path.size() < sizeof known.paths[0])
      Copy(path, known.paths[static_cast<size_t>(i)], sizeof known.paths[0]);
  }
  known.module_count = 0;
  ::dl_iterate_phdr(NoteModule, nullptr);
  void* warm[1];
  ::backtrace(warm, 1);  // loads what it needs
  stack_t stack{};
  stack.ss_sp = known.stack;
  stack.ss_size = sizeof known.stack;
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = OnFault;
  action.sa_flags = SA_ONSTACK;
  for (const Fault& fault : kFaults) ::sigaction(fault.signal, &action, nullptr);
}

}  // namespace gannet::runtime
