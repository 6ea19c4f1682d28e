// SPDX-License-Identifier: MIT
#include "config/generation_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "config/app_file.h"
#include "config/launch.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

GenerationSpec spec_of(const std::string& text, const std::string& release = "v2") {
  auto config = parse_app_file(text, "/etc/rollctl/web.toml");
  EXPECT_TRUE(config) << config.error().message;
  GenerationSpec spec{"web", release, 7, config.value_or(AppConfig{})};
  spec.config.caller_path = "/usr/bin:/bin";
  spec.config.caller_lang = "de_DE.UTF-8";
  return spec;
}

constexpr const char* kText = R"(
command = ["bin/web", "--listen={listen}", "--probe=127.0.0.1:{probe_port}", "{app}-{release}-{generation}-{instance}"]
listen = ["0.0.0.0:8080"]
workdir = "/srv/{release}"
env = { DATA = "{run_dir}/data", HOME = "/var/web" }
[ready]
kind = "http"
path = "/ready/{instance}"
address = "127.0.0.1:{probe_port}"
successes = 2
failures = 4
interval = "50ms"
[drain]
signal = "SIGQUIT"
deadline = "5s"
[restart]
policy = "never"
[limits]
nofile = 1000
[hooks]
after_shift = ["/bin/note", "{app} {release} {port}"]
[systemd]
TasksMax = 5
)";

const InstancePlace kPlace{12, "/run/rollctl/web/12", "/var/log/rollctl/web/12.log",
                           "/var/lib/rollctl/web/journal", 9001};

TEST(LaunchSpecTest, HasEverythingExpanded) {
  const auto launch = make_launch_spec(spec_of(kText), kPlace);
  ASSERT_TRUE(launch) << launch.error().message;
  EXPECT_THAT(launch->argv,
              ElementsAre("bin/web", "--listen=0.0.0.0:8080", "--probe=127.0.0.1:9001", "web-v2-7-12"));
  EXPECT_EQ(launch->workdir, "/srv/v2");
  EXPECT_EQ(launch->app, "web");
  EXPECT_EQ(launch->release, "v2");
  EXPECT_EQ(launch->generation, 7);
  EXPECT_EQ(launch->instance, 12);
  EXPECT_EQ(launch->run_dir, kPlace.run_dir);
  EXPECT_EQ(launch->log_path, kPlace.log_path);
  EXPECT_EQ(launch->journal_path, kPlace.journal_path);
  EXPECT_EQ(launch->drain_signal, 3);
  EXPECT_EQ(launch->drain_deadline, 5s);
  EXPECT_EQ(launch->restart, RestartPolicy::Never);
  EXPECT_EQ(launch->nofile, 1000U);
  EXPECT_EQ(launch->listen.size(), 1U);
  EXPECT_FALSE(launch->credentials);
}

TEST(LaunchSpecTest, HasNoOtherEnvironmentThanItsOwn) {
  setenv("ROLL_TEST_LEAK", "x", 1);
  const auto launch = make_launch_spec(spec_of(kText), kPlace);
  unsetenv("ROLL_TEST_LEAK");
  ASSERT_TRUE(launch);
  EXPECT_THAT(launch->env,
              ElementsAre("DATA=/run/rollctl/web/12/server/data", "HOME=/var/web", "LANG=de_DE.UTF-8",
                          "PATH=/usr/bin:/bin", "ROLL_APP=web", "ROLL_GENERATION=7", "ROLL_INSTANCE=12",
                          "ROLL_RELEASE=v2", "ROLL_RUN_DIR=/run/rollctl/web/12/server", StartsWith("USER=")));
}

TEST(LaunchSpecTest, PreloadsBeforeWhatTheServerPreloadsItself) {
  const std::string text =
      "command = [\"web\"]\nlisten = [\"0.0.0.0:80\", \"[::1]:8443\"]\nsocket = \"preload\"\n";
  InstancePlace place = kPlace;
  place.preload_library = "/lib/libroll-preload.so";
  const auto alone = make_launch_spec(spec_of(text), place);
  ASSERT_TRUE(alone);
  EXPECT_THAT(alone->env, Contains("LD_PRELOAD=/lib/libroll-preload.so"));
  EXPECT_THAT(alone->env, Contains("ROLL_PRELOAD_PORTS=80,8443"));
  const auto beside =
      make_launch_spec(spec_of(text + "env = { LD_PRELOAD = \"/lib/libjemalloc.so\" }"), place);
  ASSERT_TRUE(beside);
  EXPECT_THAT(beside->env, Contains("LD_PRELOAD=/lib/libroll-preload.so:/lib/libjemalloc.so"));
  EXPECT_EQ(alone->sockets, LaunchSpec::Sockets::Own);
}

TEST(LaunchSpecTest, LetsTheShimOpenWhatTheServerInherits) {
  const std::string text = "command = [\"web\"]\nlisten = [\"0.0.0.0:80\"]\nsocket = \"inherit\"\n";
  const auto launch = make_launch_spec(spec_of(text), kPlace);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->sockets, LaunchSpec::Sockets::Inherited);
  // The inherited socket always listens: only an accept shows that the server works.
  for (const char* kind : {"listen", "tcp"}) {
    const auto probe = make_probe_spec(spec_of(text + "[ready]\nkind = \"" + kind + "\""), kPlace);
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->kind, ProbeKind::Tcp);
    EXPECT_EQ(probe->accepted, ProbeSpec::Accepted::ByServer);
  }
  const auto own =
      make_probe_spec(spec_of(text + "[ready]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\""), kPlace);
  ASSERT_TRUE(own);
  EXPECT_EQ(own->accepted, ProbeSpec::Accepted::ByKernel);
}

TEST(LaunchSpecTest, RefusesAPortThatIsNotReserved) {
  auto place = kPlace;
  place.probe_port = 0;
  EXPECT_TRUE(needs_probe_port(spec_of(kText).config));
  const auto launch = make_launch_spec(spec_of(kText), place);
  ASSERT_FALSE(launch);
  EXPECT_THAT(launch.error().message, HasSubstr("/etc/rollctl/web.toml: command: {probe_port} in"));
}

TEST(LaunchSpecTest, NamesAnUnknownUserAndGroup) {
  auto spec = spec_of("command = [\"/a\"]\nlisten = [\":80\"]\nuser = \"no-such-user\"");
  auto launch = make_launch_spec(spec, kPlace);
  ASSERT_FALSE(launch);
  EXPECT_EQ(launch.error().kind, ErrorKind::Invalid);
  EXPECT_EQ(launch.error().message,
            "/etc/rollctl/web.toml: user: unknown user \"no-such-user\" on this host");
  spec.config.user.clear();
  spec.config.group = "no-such-group";
  launch = make_launch_spec(spec, kPlace);
  ASSERT_FALSE(launch);
  EXPECT_EQ(launch.error().message,
            "/etc/rollctl/web.toml: group: unknown group \"no-such-group\" on this host");
}

TEST(LaunchSpecTest, ReportsAMissingEnvFileAsAnErrorOfTheAppFile) {
  const auto launch = make_launch_spec(
      spec_of("command = [\"/a\"]\nlisten = [\":80\"]\nenv_file = \"/nowhere/{release}\""), kPlace);
  ASSERT_FALSE(launch);
  EXPECT_EQ(launch.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(launch.error().message, HasSubstr("/etc/rollctl/web.toml: env_file: "));
  EXPECT_THAT(launch.error().message, HasSubstr("/nowhere/v2"));
}

TEST(ProbeSpecTest, HasEverythingExpanded) {
  const auto probe = make_probe_spec(spec_of(kText), kPlace);
  ASSERT_TRUE(probe) << probe.error().message;
  EXPECT_EQ(probe->kind, ProbeKind::Http);
  EXPECT_EQ(probe->path, "/ready/12");
  EXPECT_EQ(probe->address, "127.0.0.1:9001");
  EXPECT_EQ(probe->successes, 2);
  EXPECT_EQ(probe->failures, 4);
  EXPECT_EQ(probe->interval, 50ms);
  EXPECT_EQ(probe->listen, "0.0.0.0:8080");
  EXPECT_TRUE(probe->env.empty());
}

TEST(ProbeSpecTest, LetsOnlyTheInstanceAnswerWhereTheAddressIsItsAlone) {
  const auto answers_at = [](const std::string& address) {
    const auto probe =
        make_probe_spec(spec_of("command = [\"/a\"]\nlisten = [\":80\"]\n[ready]\nkind = \"http\"\n"
                                "address = \"" +
                                address + "\""),
                        kPlace);
    EXPECT_TRUE(probe) << address;
    return probe ? probe->answers : ProbeSpec::Answers::OfAnybody;
  };
  EXPECT_EQ(answers_at("127.0.0.1:{probe_port}"), ProbeSpec::Answers::OfTheInstance);
  EXPECT_EQ(answers_at("unix:{run_dir}/probe"), ProbeSpec::Answers::OfTheInstance);
  EXPECT_EQ(answers_at("127.0.0.1:9001"), ProbeSpec::Answers::OfAnybody);
  EXPECT_EQ(answers_at("unix:/run/sidecar"), ProbeSpec::Answers::OfAnybody);
  EXPECT_EQ(answers_at(""), ProbeSpec::Answers::OfAnybody);
}

TEST(ProbeSpecTest, KnowsThePortThatACommandMayAsk) {
  const std::string exec = "[ready]\nkind = \"exec\"\ncommand = [\"/check\"]\n";
  const std::string app = "command = [\"/a\"]\nlisten = [\":80\"]\n";
  auto place = kPlace;
  const auto with = make_probe_spec(spec_of(app + "env = { PORT = \"{probe_port}\" }\n" + exec), place);
  ASSERT_TRUE(with);
  EXPECT_EQ(with->own_port, 9001);
  place.probe_port = 0;
  const auto without = make_probe_spec(spec_of(app + exec), place);
  ASSERT_TRUE(without);
  EXPECT_EQ(without->own_port, 0);
}

TEST(ProbeSpecTest, RefusesAPathThatWouldBeAnotherRequest) {
  auto spec = spec_of(kText);
  for (const char* path : {"readyz", "/a b", "/a\r\nHost: x", ""}) {
    spec.config.ready.path = path;
    const auto probe = make_probe_spec(spec, kPlace);
    ASSERT_FALSE(probe) << path;
    EXPECT_EQ(probe.error().kind, ErrorKind::Invalid);
  }
}

TEST(ProbeSpecTest, RunsACommandAsTheServerIsRun) {
  const auto probe = make_probe_spec(
      spec_of(
          "command = [\"/a\"]\nlisten = [\":80\"]\nworkdir = \"/srv/{release}\"\n[ready]\nkind = \"exec\"\n"
          "command = [\"./check\", \"{instance}\"]"),
      kPlace);
  ASSERT_TRUE(probe) << probe.error().message;
  EXPECT_THAT(probe->command, ElementsAre("./check", "12"));
  EXPECT_EQ(probe->workdir, "/srv/v2");
  EXPECT_THAT(probe->env, Contains("ROLL_INSTANCE=12"));
}

HookConfig hook_of(std::vector<std::string> command) {
  HookConfig hook;
  hook.command = std::move(command);
  return hook;
}

TEST(HookTest, KnowsWhatNoInstanceDecides) {
  const auto spec = spec_of(kText);
  EXPECT_THAT(make_hook_launch(spec, spec.config.hooks.after_shift, {})->argv,
              ElementsAre("/bin/note", "web v2 8080"));
  for (const char* unknown : {"{instance}", "{run_dir}", "{probe_port}"})
    EXPECT_EQ(make_hook_launch(spec, hook_of({unknown}), {}).error().kind, ErrorKind::Invalid);
}

TEST(HookTest, HasTheCallersEnvironmentAndTheNamesOfTheDeploy) {
  setenv("TEST_TOKEN", "secret", 1);
  setenv("ROLL_INSTANCE", "3", 1);
  const auto launch = make_hook_launch(spec_of(kText), hook_of({"/bin/note"}), {{"ROLL_NOTE", "why"}});
  unsetenv("TEST_TOKEN");
  unsetenv("ROLL_INSTANCE");
  ASSERT_TRUE(launch) << launch.error().message;
  EXPECT_THAT(launch->env, Contains("TEST_TOKEN=secret"));
  EXPECT_THAT(launch->env, Contains("ROLL_RELEASE=v2"));
  EXPECT_THAT(launch->env, Contains("ROLL_NOTE=why"));
  EXPECT_THAT(launch->env, Not(Contains(StartsWith("ROLL_INSTANCE="))));
  EXPECT_FALSE(launch->credentials);
}

TEST(HookTest, HasTheEnvironmentOfTheReleaseOnRequest) {
  auto spec = spec_of(
      "command = [\"/a\"]\nlisten = [\":80\"]\n"
      "env = { COLOR = \"red\", HERE = \"/srv/{release}\", MINE = \"{instance}\" }");
  spec.env_file = Environment{{"TOKEN", "kept"}};
  HookConfig hook = hook_of({"./migrate"});
  hook.env = HookConfig::Env::Release;
  hook.workdir = "/srv/{release}";
  setenv("TEST_TOKEN", "secret", 1);
  const auto launch = make_hook_launch(spec, hook, {});
  unsetenv("TEST_TOKEN");
  ASSERT_TRUE(launch) << launch.error().message;
  EXPECT_EQ(launch->workdir, "/srv/v2");
  EXPECT_THAT(launch->env, AllOf(Contains("COLOR=red"), Contains("HERE=/srv/v2"), Contains("TOKEN=kept"),
                                 Contains("ROLL_APP=web"), Not(Contains(StartsWith("TEST_TOKEN="))),
                                 Not(Contains(StartsWith("MINE=")))));
}

TEST(HookTest, OfAnotherUserHasThatUsersNames) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  HookConfig hook = hook_of({"id"});
  hook.run_as = "daemon";
  const auto launch = make_hook_launch(spec_of(kText), hook, {});
  ASSERT_TRUE(launch) << launch.error().message;
  ASSERT_TRUE(launch->credentials);
  EXPECT_NE(launch->credentials->uid, 0U);
  EXPECT_THAT(launch->env, Contains("USER=daemon"));
  hook.run_as = "nobody-of-that-name";
  EXPECT_EQ(make_hook_launch(spec_of(kText), hook, {}).error().kind, ErrorKind::Invalid);
}

TEST(KeptSpecificationTest, KeepsTheVariablesOfItsEnvFile) {
  auto spec = spec_of(kText);
  spec.env_file = Environment{{"TOKEN", "\xff"}};
  const auto back = generation_spec_from_json(
      nlohmann::json::parse(to_json(spec).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->env_file, spec.env_file);
  auto other = spec;
  EXPECT_TRUE(same_specification(spec, other));
  other.env_file = Environment{{"TOKEN", "2"}};
  EXPECT_FALSE(same_specification(spec, other));
  other.env_file.reset();
  EXPECT_TRUE(same_specification(spec, other));
}

TEST(KeptSpecificationTest, ReadsBackAsTheSame) {
  const auto spec = spec_of(kText);
  const auto json = to_json(spec);
  EXPECT_EQ(json["v"], 1);
  const auto back = generation_spec_from_json(nlohmann::json::parse(json.dump()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(same_specification(spec, *back));
  EXPECT_EQ(back->generation, 7);
  EXPECT_EQ(back->config.source, "/etc/rollctl/web.toml");
  EXPECT_EQ(back->config.caller_path, "/usr/bin:/bin");
  EXPECT_EQ(to_json(*back), json);
}

TEST(KeptSpecificationTest, KeepsBytesThatAreNoUtf8) {
  auto spec = spec_of(kText);
  spec.config.command.push_back("\xff\xfe");
  spec.config.env["A"] = "\xff";
  const auto back = generation_spec_from_json(to_json(spec));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->config.command.back(), "\xff\xfe");
  EXPECT_EQ(back->config.env.at("A"), "\xff");
}

TEST(KeptSpecificationTest, IgnoresWhatItDoesNotKnowAndHasDefaultsForWhatIsMissing) {
  auto json = to_json(spec_of(kText));
  json["new"] = 1;
  json["config"]["ready"]["new"] = {1, 2};
  json["config"]["drain"].erase("settle");
  json["config"].erase("rollout");
  const auto back = generation_spec_from_json(json);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->config.drain.settle, 3s);
  EXPECT_EQ(back->config.drain.signal, 3);
}

TEST(KeptSpecificationTest, RefusesWhatIsDamaged) {
  const auto good = to_json(spec_of(kText));
  const auto refused = [&](const char* pointer, const nlohmann::json& value) {
    auto json = good;
    json[nlohmann::json::json_pointer(pointer)] = value;
    const auto back = generation_spec_from_json(json);
    EXPECT_FALSE(back) << pointer << " " << value;
    return back ? std::string() : back.error().message;
  };
  EXPECT_THAT(refused("/config/command", "web"), HasSubstr("kept specification: command"));
  EXPECT_THAT(refused("/config/ready/interval", "soon"), HasSubstr("ready.interval"));
  refused("/config/ready", 5);
  refused("/config/env", {1, 2});
  refused("/config/env/HOME", 5);
  refused("/config/listen/0", "nowhere");
  refused("/config", nullptr);
  refused("/app", "../etc");
  refused("/release", "a/b");
  refused("/generation", "seven");
  EXPECT_FALSE(generation_spec_from_json(nlohmann::json::array()));
}

TEST(KeptSpecificationTest, IsTheSameWhateverTheGenerationAndTheFile) {
  const auto one = spec_of(kText);
  auto other = one;
  other.generation = 8;
  other.config.source = "elsewhere";
  other.config.caller_path = "/opt/bin";
  EXPECT_TRUE(same_specification(one, other));
  other.config.ready.timeout = 2s;
  EXPECT_FALSE(same_specification(one, other));
  other = one;
  other.release = "v3";
  EXPECT_FALSE(same_specification(one, other));
}

}  // namespace
}  // namespace rollctl::test
