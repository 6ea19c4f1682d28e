// SPDX-License-Identifier: MIT
#include "state/generations.h"

#include <fmt/format.h>

#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>

#include "base/own_file.h"

namespace rollctl {

namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateFolder = 0700;

}  // namespace

Result<Acknowledgement> keep_generation(const Paths& paths, const GenerationSpec& spec) {
  const std::string path = paths.generation(spec.app, spec.generation);
  if (Status made = make_directories(std::filesystem::path(path).parent_path().string(), kPrivateFolder);
      !made)
    return fail(made.error());
  const std::string text = to_json(spec).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (Status written = write_file_atomically(path, text, kPrivateFile); !written)
    return fail(written.error());
  // `deferred`: if no thread can be created, the awaiting one syncs. Not on another processor (Beside), where
  // the new server starts: this is not urgent.
  const auto synced =
      std::async(std::launch::async | std::launch::deferred, [path] { return sync_file(path); }).share();
  return Acknowledgement([synced] { return synced.get(); });
}

Result<GenerationSpec> load_generation(const Paths& paths, const std::string& app, int64_t generation) {
  const auto text = read_own_file(paths.generation(app, generation));
  if (!text && text.error().kind != ErrorKind::NotFound) return fail(text.error());
  if (!text)
    return fail(ErrorKind::NotFound,
                fmt::format("the specification of generation {} of {} is missing: {}", generation, app,
                            text.error().message),
                "deploy the release again with `rollctl deploy`");
  const auto parsed = nlohmann::json::parse(*text, nullptr, false);
  auto spec = generation_spec_from_json(parsed);
  if (!spec) return fail(with_context(spec.error(), paths.generation(app, generation)));
  return spec;
}

}  // namespace rollctl
