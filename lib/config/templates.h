// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/app_config.h"
#include "config/placeholders.h"

namespace rollctl {

// Which placeholders a text of the configuration may use.
enum class TemplateScope {
  Instance,  // all of them
  Hook,      // only those that are the same for all instances
};

// `key` names the place of the text ("env.LOG").
using TemplateVisitor =
    std::function<void(const std::string& key, const std::string& text, TemplateScope scope)>;
void visit_templates(const AppConfig& config, const TemplateVisitor& visit);

struct TemplateNames {
  std::string app;
  std::string release;
  int64_t generation = 0;
};

// Sets {app}, {release}, {generation}, {listen…} and {port…}; refuses {instance}, {run_dir} and {probe_port}.
Placeholders hook_placeholders(const TemplateNames& names, const AppConfig& config);

// Sample values, to check texts before a deploy.
Placeholders sample_placeholders(const AppConfig& config, TemplateScope scope);

}  // namespace rollctl
