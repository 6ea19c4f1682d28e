// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/app_config.h"
#include "config/placeholders.h"

namespace rollctl {

// Where in a configuration placeholders may stand, and what they may be there.
enum class TemplateScope {
  Instance,  // all of them
  Hook,      // what no single instance decides
};

// A text with placeholders; `key` is where it stands ("env.LOG").
using TemplateVisitor =
    std::function<void(const std::string& key, const std::string& text, TemplateScope scope)>;
void visit_templates(const AppConfig& config, const TemplateVisitor& visit);

struct TemplateNames {
  std::string app;
  std::string release;
  int64_t generation = 0;
};

// {app}, {release}, {generation}, {listen…} and {port…}; {instance}, {run_dir} and {probe_port} are refused.
Placeholders hook_placeholders(const TemplateNames& names, const AppConfig& config);

// Stand-ins for everything that only a deploy knows, to check texts with before there is one.
Placeholders sample_placeholders(const AppConfig& config, TemplateScope scope);

}  // namespace rollctl
