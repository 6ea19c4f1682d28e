// SPDX-License-Identifier: MIT
#include "config/program.h"

#include <elf.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/fd.h"
#include "base/regular_file.h"

namespace rollctl {

namespace {

constexpr size_t kMostHeaders = 256;
constexpr size_t kMostNotes = size_t{64} * 1024;

bool read_at(int file, uint64_t offset, void* target, size_t size) {
  const ssize_t got = ::pread(file, target, size, static_cast<off_t>(offset));
  return got == static_cast<ssize_t>(size);
}

constexpr size_t aligned(size_t size) {
  return (size + 3) & ~size_t{3};
}

// Go's linker stores its build id in a note named "Go", which survives strip(1).
bool has_go_note(const std::string& notes) {
  size_t at = 0;
  while (at + sizeof(Elf64_Nhdr) <= notes.size()) {
    Elf64_Nhdr note{};  // both classes use the same
    std::memcpy(&note, notes.data() + at, sizeof note);
    at += sizeof note;
    const size_t name_size = aligned(note.n_namesz);
    const size_t size = name_size + aligned(note.n_descsz);
    if (size > notes.size() - at) return false;
    if (note.n_namesz == 4 && notes.compare(at, 4, std::string("Go\0\0", 4)) == 0) return true;
    at += size;
  }
  return false;
}

struct Layout {
  bool has_interpreter = false;
  bool is_go = false;
};

template <typename Header, typename Segment>
std::optional<Layout> layout_of(int file) {
  Header header{};
  if (!read_at(file, 0, &header, sizeof header) || header.e_phentsize != sizeof(Segment) ||
      header.e_phnum > kMostHeaders)
    return std::nullopt;
  Layout layout;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Segment segment{};
    if (!read_at(file, header.e_phoff + i * sizeof segment, &segment, sizeof segment)) return std::nullopt;
    if (segment.p_type == PT_INTERP) layout.has_interpreter = true;
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMostNotes) continue;
    std::string notes(segment.p_filesz, '\0');
    if (read_at(file, segment.p_offset, notes.data(), notes.size()) && has_go_note(notes))
      layout.is_go = true;
  }
  return layout;
}

// Class, byte order and machine, as the loader compares them.
struct Machine {
  unsigned char elf_class = 0, order = 0;
  uint16_t number = 0;

  bool operator==(const Machine&) const = default;
};

std::optional<Machine> machine_of(int file) {
  Elf32_Ehdr header{};  // both classes start the same
  if (!read_at(file, 0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return std::nullopt;
  return Machine{header.e_ident[EI_CLASS], header.e_ident[EI_DATA], header.e_machine};
}

std::optional<Machine> own_machine() {
  const auto self = open_regular("/proc/self/exe");
  return self ? machine_of(self->get()) : std::nullopt;
}

}  // namespace

std::optional<ScriptLine> script_line_of(const std::string& path) {
  const auto file = open_regular(path);
  char buffer[256];
  const ssize_t got = file ? ::read(file->get(), buffer, sizeof buffer) : 0;
  std::string_view line(buffer, static_cast<size_t>(std::max<ssize_t>(got, 0)));
  if (!line.starts_with("#!")) return std::nullopt;
  constexpr std::string_view kSeparators = " \t\r";
  line = line.substr(2, line.find('\n') - 2);
  const bool has_carriage_return = line.ends_with('\r');
  line.remove_prefix(std::min(line.find_first_not_of(kSeparators), line.size()));
  ScriptLine script;
  script.has_carriage_return = has_carriage_return;
  script.interpreter = line.substr(0, line.find_first_of(kSeparators));
  line.remove_prefix(script.interpreter.size());
  line.remove_prefix(std::min(line.find_first_not_of(kSeparators), line.size()));
  script.argument = line.substr(0, line.find_last_not_of(kSeparators) + 1);
  return script;
}

std::string_view obstacle_text(PreloadObstacle obstacle) {
  switch (obstacle) {
    case PreloadObstacle::Static:
      return "is linked statically";
    case PreloadObstacle::Go:
      return "is a Go program, which opens its ports without the C library";
    case PreloadObstacle::OtherMachine:
      return "is a program for another architecture";
    case PreloadObstacle::SetId:
      return "is a setuid or setgid program, which ignores LD_PRELOAD";
    case PreloadObstacle::Capabilities:
      return "has file capabilities, so it ignores LD_PRELOAD";
  }
  return {};
}

Result<std::optional<PreloadObstacle>> preload_obstacle(const std::string& path) {
  using Found = std::optional<PreloadObstacle>;
  const auto file = open_regular(path);
  if (!file) return fail(file.error());
  const auto machine = machine_of(file->get());
  if (!machine) return fail(ErrorKind::Invalid, "\"" + path + "\" is not an ELF program");
  struct stat status{};
  if (::fstat(file->get(), &status) != 0) return fail(last_os_failure("cannot examine \"" + path + "\""));
  const auto layout = machine->elf_class == ELFCLASS64 ? layout_of<Elf64_Ehdr, Elf64_Phdr>(file->get())
                                                       : layout_of<Elf32_Ehdr, Elf32_Phdr>(file->get());
  if (!layout) return fail(ErrorKind::Invalid, "\"" + path + "\" is a damaged ELF program");
  if (layout->is_go) return Found(PreloadObstacle::Go);
  if (!layout->has_interpreter) return Found(PreloadObstacle::Static);
  if (const auto own = own_machine(); own && machine != own) return Found(PreloadObstacle::OtherMachine);
  if ((status.st_mode & (S_ISUID | S_ISGID)) != 0) return Found(PreloadObstacle::SetId);
  if (::fgetxattr(file->get(), "security.capability", nullptr, 0) > 0)
    return Found(PreloadObstacle::Capabilities);
  return Found();
}

}  // namespace rollctl
