#include "libs/runtime/build_id.h"

#include <elf.h>

#include <cstring>
#include <string_view>

#include "libs/base/digest.h"

namespace gannet::runtime {
namespace {

size_t Padded(size_t size) { return (size + 3) / 4 * 4; }

}  // namespace

std::string BuildIdOf(const dl_phdr_info& object) {
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const auto& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* at = reinterpret_cast<const char*>(object.dlpi_addr + segment.p_vaddr);
    const char* const end = at + segment.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note;
      std::memcpy(&note, at, sizeof note);
      const char* const name = at + sizeof note;
      const char* const description = name + Padded(note.n_namesz);
      if (note.n_type == NT_GNU_BUILD_ID &&
          std::string_view(name, note.n_namesz) == std::string_view("GNU\0", 4))
        return base::Hex(std::string_view(description, note.n_descsz));
      at = description + Padded(note.n_descsz);
    }
  }
  return "";
}

}  // namespace gannet::runtime
