// SPDX-License-Identifier: MIT
// Usage: fuzz_NAME FOLDER. Replaces libFuzzer where the compiler has none. Runs the fuzzer on every file of
// FOLDER and then on mutations of them, the same ones each time, until one makes it abort.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int kMutations = 20'000;
constexpr std::size_t kLongest = 4096;

const std::string* tried = nullptr;

// Async-signal-safe: writes the input to stderr as it is, for a file of the corpus.
extern "C" void show_input(int signal_number) {
  constexpr char kTitle[] = "\nfailed on this input, between the lines:\n----\n";
  constexpr char kEnd[] = "\n----\n";
  if (tried != nullptr && write(STDERR_FILENO, kTitle, sizeof kTitle - 1) > 0 &&
      write(STDERR_FILENO, tried->data(), tried->size()) >= 0) {
    (void)!write(STDERR_FILENO, kEnd, sizeof kEnd - 1);
  }
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void try_input(const std::string& input) {
  tried = &input;
  // An exact copy, so that a sanitizer sees a read past the end.
  std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  tried = nullptr;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

  std::string next() {
    std::string text = seeds_[below(seeds_.size())];
    for (std::size_t rounds = 1 + below(4); rounds > 0; --rounds) mutate(text);
    return text.substr(0, kLongest);
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  // Prefers bytes that parsers treat specially.
  char any_byte() {
    static constexpr char kTelling[] = "\0\n\r\t /.:;,%{}[]\"'\\=-0123456789aZ\x7f\x80\xff";
    return below(2) == 0 ? kTelling[below(sizeof kTelling - 1)] : static_cast<char>(below(256));
  }

  void mutate(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = std::min(1 + below(8), text.size() - at);
    switch (below(6)) {
      case 0:
        text.insert(at, 1, any_byte());
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        if (at < text.size()) text[at] = any_byte();
        break;
      case 3:
        text.insert(at, text.substr(at, length));
        break;
      case 4:
        text.resize(at);
        break;
      default: {  // the start of one file and the end of another
        const std::string& other = seeds_[below(seeds_.size())];
        text.replace(at, std::string::npos, other, below(other.size() + 1));
      }
    }
  }

  const std::vector<std::string>& seeds_;
  std::mt19937 random_{1};  // NOLINT(bugprone-random-generator-seed): deterministic
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1], error)) paths.push_back(entry.path());
  if (paths.empty()) {
    std::fprintf(stderr, "no seeds in %s\n", argv[1]);
    return 2;
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> seeds;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }

  signal(SIGABRT, show_input);
  for (const auto& seed : seeds) try_input(seed);
  Mutator mutator(seeds);
  for (int i = 0; i < kMutations; ++i) try_input(mutator.next());
  std::printf("%zu seeds and %d mutations\n", seeds.size(), kMutations);
  return 0;
}
