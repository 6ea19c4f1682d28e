// SPDX-License-Identifier: MIT
#include "config/app_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/app_file_writer.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* kLeast = "command = [\"/srv/web\"]\nlisten = [\"127.0.0.1:8080\"]\n";

AppConfig parsed(const std::string& text) {
  auto config = parse_app_file(text, "/etc/rollctl/web.toml");
  EXPECT_TRUE(config) << config.error().message;
  return config.value_or(AppConfig{});
}

Error refused(const std::string& text) {
  auto config = parse_app_file(text, "/etc/rollctl/web.toml");
  EXPECT_FALSE(config) << "accepted: " << text;
  return config ? Error{} : config.error();
}

// The message for an app file with the two required lines followed by `more`, from line 3 on.
std::string message(const std::string& more) {
  const Error error = refused(kLeast + more);
  EXPECT_EQ(error.kind, ErrorKind::Invalid);
  return error.message;
}

TEST(AppFileTest, HasTheDefaultsOfTheManual) {
  const auto config = parsed(kLeast);
  EXPECT_THAT(config.command, ElementsAre("/srv/web"));
  EXPECT_EQ(config.listen.at(0).text, "127.0.0.1:8080");
  EXPECT_EQ(config.instances.resolve(), 1);
  EXPECT_EQ(config.socket, SocketMode::Open);
  EXPECT_EQ(config.user, "");
  EXPECT_EQ(config.handover, HandoverPolicy::Auto);
  EXPECT_EQ(config.launcher, LauncherKind::Auto);
  EXPECT_EQ(config.ready.kind, ProbeKind::Listen);
  EXPECT_EQ(config.ready.interval, 100ms);
  EXPECT_EQ(config.ready.timeout, 1s);
  EXPECT_EQ(config.ready.successes, 1);
  EXPECT_EQ(config.ready.failures, 3);
  EXPECT_EQ(config.ready.deadline, 30s);
  EXPECT_EQ(config.drain.order, DrainStart::Signal);
  EXPECT_EQ(config.drain.scope, DrainScope::Main);
  EXPECT_EQ(config.drain.signal, 15);
  EXPECT_EQ(config.drain.settle, 3s);
  EXPECT_EQ(config.drain.deadline, 60s);
  EXPECT_EQ(config.drain.http, HttpDrain::Keep);
  EXPECT_EQ(config.drain.http_silence, 5s);
  EXPECT_EQ(config.rollout.batch.text(), "1");
  EXPECT_THAT(config.rollout.canary, IsEmpty());
  EXPECT_EQ(config.restart.policy, RestartPolicy::OnFailure);
  EXPECT_EQ(config.restart.backoff, 100ms);
  EXPECT_EQ(config.restart.max_backoff, 30s);
  EXPECT_EQ(config.restart.give_up, 5);
  EXPECT_FALSE(config.nofile);
}

TEST(AppFileTest, ReadsEveryKey) {
  const auto config = parsed(R"(
command   = ["bin/web", "--listen", "{listen.0}"]
listen    = ["0.0.0.0:8080", "[::1]:8081"]
instances = "cpus"
socket    = "inherit"
user      = "www-data"
group     = "adm"
workdir   = "/srv/web/{release}"
env       = { LOG = "info", RELEASE = "{release}" }
env_file  = "/etc/web.env"
handover  = "steer"
launcher  = "systemd"
[ready]
kind      = "https"
path      = "/readyz"
address   = "127.0.0.1:{probe_port}"
interval  = "50ms"
timeout   = "2s"
successes = 3
failures  = 5
deadline  = "1m"
[drain]
order     = "idle"
scope     = "all"
signal    = "SIGQUIT"
settle    = "1s"
deadline  = "5m"
[rollout]
batch = "25%"
canary = "12.5%"
bake  = "10s"
hold  = "1h"
[restart]
policy    = "always"
backoff   = "1s"
max_backoff = "2s"
give_up   = 0
[limits]
nofile = 65536
[hooks]
before_deploy = ["/a", "{release}"]
after_shift   = ["/b"]
before_drain  = ["/c"]
after_deploy  = ["/d"]
on_failure    = ["/e"]
[systemd]
MemoryMax = "512M"
TasksMax = 100
ProtectHome = true
)");
  EXPECT_EQ(config.listen.size(), 2U);
  EXPECT_TRUE(config.instances.per_cpu);
  EXPECT_EQ(config.socket, SocketMode::Inherit);
  EXPECT_EQ(config.user, "www-data");
  EXPECT_EQ(config.group, "adm");
  EXPECT_THAT(config.env, ElementsAre(Pair("LOG", "info"), Pair("RELEASE", "{release}")));
  EXPECT_EQ(config.env_file, "/etc/web.env");
  EXPECT_EQ(config.handover, HandoverPolicy::Steer);
  EXPECT_EQ(config.launcher, LauncherKind::Systemd);
  EXPECT_EQ(config.ready.kind, ProbeKind::Https);
  EXPECT_EQ(config.ready.path, "/readyz");
  EXPECT_EQ(config.ready.successes, 3);
  EXPECT_EQ(config.ready.failures, 5);
  EXPECT_EQ(config.ready.deadline, 1min);
  EXPECT_EQ(config.drain.order, DrainStart::Idle);
  EXPECT_EQ(config.drain.scope, DrainScope::All);
  EXPECT_EQ(config.drain.signal, 3);
  EXPECT_EQ(config.drain.deadline, 5min);
  EXPECT_EQ(config.rollout.batch.unit, Batch::Unit::Percent);
  EXPECT_THAT(config.rollout.canary, ElementsAre(12.5));
  EXPECT_EQ(config.rollout.hold, 1h);
  EXPECT_EQ(config.restart.policy, RestartPolicy::Always);
  EXPECT_EQ(config.restart.give_up, 0);
  EXPECT_EQ(config.nofile, 65536U);
  EXPECT_THAT(config.hooks.before_deploy.command, ElementsAre("/a", "{release}"));
  EXPECT_THAT(config.hooks.on_failure.command, ElementsAre("/e"));
  EXPECT_THAT(config.systemd,
              ElementsAre(Pair("MemoryMax", "512M"), Pair("ProtectHome", "true"), Pair("TasksMax", "100")));
}

TEST(AppFileTest, NamesFileLineAndTheNearestKeyForAnUnknownOne) {
  EXPECT_EQ(message("instnaces = 2"),
            "/etc/rollctl/web.toml:3: unknown key \"instnaces\"; did you mean \"instances\"?");
  EXPECT_THAT(message("[redy]\nkind = \"tcp\""), HasSubstr("did you mean \"ready\"?"));
  EXPECT_THAT(message("[ready]\ninterva = \"1s\""),
              HasSubstr(":4: unknown key \"ready.interva\"; did you mean \"ready.interval\"?"));
  EXPECT_THAT(message("interval = \"1s\""), HasSubstr("did you mean \"ready.interval\"?"));
  EXPECT_THAT(message("[drain]\nkind = \"x\""), HasSubstr("did you mean \"ready.kind\"?"));
  EXPECT_THAT(message("\"ready.kind\" = \"tcp\""), HasSubstr("unknown key"));
}

TEST(AppFileTest, NamesFileLineAndTypeForAWrongType) {
  EXPECT_EQ(message("user = 5"), "/etc/rollctl/web.toml:3: user must be a string, not a whole number");
  EXPECT_THAT(message("instances = [2]"),
              HasSubstr("instances must be a whole number or \"cpus\", not a list"));
  EXPECT_THAT(message("instances = 1.5"), HasSubstr("not a fraction"));
  EXPECT_THAT(message("ready = \"tcp\""), HasSubstr(":3: ready must be a table, not a string"));
  EXPECT_THAT(message("[ready]\ninterval = 100"), HasSubstr("must be a duration such as \"500ms\""));
  EXPECT_THAT(message("[ready]\ncommand = [1]"), HasSubstr("a list with a whole number in it"));
  EXPECT_THAT(message("env = { A = 1 }"), HasSubstr("env.A must be a string, not a whole number"));
  EXPECT_THAT(message("[systemd]\nX = [\"a\"]"), HasSubstr("systemd.X must be a string, not a list"));
  EXPECT_THAT(message("[limits]\nnofile = \"many\""), HasSubstr("limits.nofile must be a whole number"));
  EXPECT_THAT(message("user = 1979-05-27"), HasSubstr("not a date or time"));
}

TEST(AppFileTest, NamesFileLineAndReasonForAWrongValue) {
  EXPECT_THAT(message("[drain]\nhttp = \"yes\""), HasSubstr(":4: drain.http must be one of "));
  EXPECT_THAT(message("[drain]\nhttp_silence = \"1s\""),
              HasSubstr("drain.http_silence has no effect with http = \"keep\""));
  EXPECT_THAT(message("[drain]\nhttp = \"close\"\nhttp_silence = \"31s\""),
              HasSubstr("drain.http_silence is more than half of deadline"));
  EXPECT_THAT(message("[drain]\nsettle = \"3\""), HasSubstr(":4: drain.settle: invalid duration '3'"));
  EXPECT_THAT(message("[drain]\nsignal = \"SIGNOPE\""), HasSubstr(":4: drain.signal: "));
  EXPECT_THAT(message("socket = \"shared\""),
              HasSubstr("socket must be one of \"open\", \"inherit\", \"preload\", not \"shared\""));
  EXPECT_THAT(message("[ready]\nsuccesses = 0"), HasSubstr("ready.successes must be a whole number from 1"));
  EXPECT_THAT(message("[ready]\ntimeout = \"0s\""), HasSubstr("ready.timeout must be at least 1ms"));
  EXPECT_THAT(message("instances = 0"), HasSubstr(":3: instances: invalid number of instances '0'"));
  EXPECT_THAT(message("[rollout]\nbatch = \"0%\""), HasSubstr("rollout.batch: invalid batch '0%'"));
  EXPECT_THAT(message("[rollout]\ncanary = \"100%\""), HasSubstr("rollout.canary: invalid share '100%'"));
  EXPECT_THAT(message("[rollout]\ncanary = [\"1%\", \"10%\"]"),
              HasSubstr(":4: rollout.canary has several steps, but no time between them"));
  EXPECT_THAT(message("[rollout]\nbake = \"1s\"\ncanary = [\"10%\", \"1%\"]"), HasSubstr("do not rise"));
  EXPECT_THAT(message("[ready]\nkind = \"ping\""), HasSubstr(":4: ready.kind: 'ping' is not"));
  EXPECT_THAT(message("handover = \"fast\""), HasSubstr(":3: handover: "));
}

TEST(AppFileTest, KnowsTheStepsOfACanary) {
  const auto steps = [](const std::string& value) {
    return parsed(std::string(kLeast) + "[rollout]\nbake = \"5m\"\ncanary = " + value).rollout.canary;
  };
  EXPECT_THAT(steps("[\"1%\", \"10%\", \"50%\"]"), ElementsAre(1, 10, 50));
  EXPECT_THAT(steps("\"1%,10%\""), ElementsAre(1, 10));
  EXPECT_THAT(steps("10"), ElementsAre(10));
  EXPECT_THAT(steps("\"0%\""), IsEmpty()) << "no canary";
  EXPECT_THAT(steps("[\"0%\"]"), ElementsAre(0)) << "a canary without connections";
  EXPECT_THAT(steps("[]"), IsEmpty());
  EXPECT_THAT(*parse_canary("0%"), ElementsAre(0));
  EXPECT_THAT(*parse_canary("none"), IsEmpty());
}

TEST(AppFileTest, NamesFileAndLineForWhatIsNoToml) {
  EXPECT_THAT(message("instances = = 2"), HasSubstr("/etc/rollctl/web.toml:3: invalid TOML: "));
  EXPECT_THAT(message("command = [\"again\"]"), HasSubstr(":3: invalid TOML: "));
  for (const char* broken :
       {"[\nready]", "[", "[.", "[[", "[a.\nb]", "a.\n = 1", "x = {\n", "x = { a = 1, \n", "\x01"})
    EXPECT_THAT(message(broken), HasSubstr("invalid TOML: ")) << broken;
}

TEST(AppFileTest, WantsACommandAndAnAddress) {
  EXPECT_THAT(refused("listen = [\":80\"]").message, HasSubstr("command is missing"));
  EXPECT_THAT(refused("command = [\"/a\"]").message, HasSubstr("listen is missing"));
  EXPECT_THAT(refused("").message, HasSubstr("command is missing"));
}

TEST(AppFileTest, KeepsTheKindOfAnAddressThatCannotBeServed) {
  const auto udp = refused("command = [\"/a\"]\nlisten = [\"udp://0.0.0.0:53\"]");
  EXPECT_EQ(udp.kind, ErrorKind::Unsupported);
  EXPECT_THAT(udp.message, HasSubstr("web.toml:2: listen: "));
  EXPECT_EQ(refused("command = [\"/a\"]\nlisten = [\"8080\"]").kind, ErrorKind::Invalid);
}

TEST(AppFileTest, RefusesTheSamePortTwice) {
  const auto twice = [](const std::string& list) {
    return refused("command = [\"/a\"]\nlisten = [" + list + "]").message;
  };
  EXPECT_THAT(twice("\":80\", \"127.0.0.1:80\""), HasSubstr("':80' and '127.0.0.1:80'"));
  EXPECT_THAT(twice("\"[::1]:80\", \"[::1]:80\""), HasSubstr("has the same port twice"));
}

TEST(AppFileTest, RefusesWhatHasNoEffect) {
  EXPECT_THAT(message("[ready]\npath = \"/readyz\""),
              HasSubstr(":4: ready.path has no effect with kind = \"listen\""));
  EXPECT_THAT(message("[ready]\ncommand = [\"/check\"]"), HasSubstr("ready.command has no effect"));
  EXPECT_THAT(message("[ready]\nkind = \"notify\"\naddress = \":1\""),
              HasSubstr("ready.address has no effect"));
  EXPECT_THAT(message("[ready]\nkind = \"exec\""), HasSubstr("ready.command is missing"));
  EXPECT_THAT(message("[ready]\nkind = \"tcp\"\nhost = \"a\""), HasSubstr(":5: ready.host has no effect"));
  EXPECT_THAT(message("[ready]\nkind = \"tcp\"\nstatus = 204"), HasSubstr(":5: ready.status has no effect"));
  EXPECT_THAT(message("[ready]\nkind = \"http\"\nca = \"/ca\""), HasSubstr(":5: ready.ca has no effect"));
  const std::string http = "[ready]\nkind = \"http\"\n";
  EXPECT_THAT(message(http + "status = \"2xx\""), HasSubstr(":5: ready.status: '2xx' is no HTTP status"));
  EXPECT_THAT(message(http + "host = \"a b\""), HasSubstr(":5: ready.host: 'a b' is not the name of a host"));
  EXPECT_THAT(message(http + "headers = { \"a b\" = \"\" }"), HasSubstr("is not the name of a header"));
  EXPECT_THAT(message(http + "headers = { Host = \"a\" }"),
              HasSubstr("ready.headers.Host is set by ready.host"));
  EXPECT_THAT(message(http + "headers = { X = \"a\\r\\nB: c\" }"), HasSubstr("has a control character"));
  EXPECT_THAT(message("launcher = \"direct\"\n[systemd]\nX = 1"), HasSubstr("systemd has no effect"));
  EXPECT_THAT(message("[systemd]\nMemoryMax = 1\nKillMode = \"mixed\""),
              HasSubstr(":5: systemd.KillMode is set by rollctl"));
  EXPECT_THAT(message("[systemd]\nExecStartPre = \"/bin/x\""), HasSubstr("systemd.ExecStartPre is set by"));
  EXPECT_THAT(message("[systemd]\nUser = \"web\""),
              HasSubstr("systemd.User would take privileges from the shim"));
  EXPECT_THAT(message("[systemd]\nPrivateNetwork = true"),
              HasSubstr("would make the server listen in another"));
  for (const char* name : {"memory_max", "\"\"", "\"A-B\"", "\"A=b\""})
    EXPECT_THAT(message(std::string("[systemd]\n") + name + " = 1"), HasSubstr("is not a property name"))
        << name;
  EXPECT_THAT(message("[restart]\nmax_backoff = \"1ms\""),
              HasSubstr("restart.max_backoff is less than backoff"));
}

TEST(AppFileTest, TakesAFileThatWritesTheDefaultsOut) {
  parsed(std::string(kLeast) +
         "[ready]\nkind=\"listen\"\npath=\"/\"\naddress=\"\"\ncommand=[]\n[limits]\n[systemd]\n");
}

TEST(AppFileTest, ChecksPlaceholdersWithoutExpandingThem) {
  EXPECT_THAT(message("workdir = \"/srv/{relase}\""),
              HasSubstr(":3: workdir: \"/srv/{relase}\" has the unknown placeholder {relase}; did you mean "
                        "{release}?"));
  EXPECT_THAT(message("env = { A = \"{instance\" }"),
              HasSubstr(":3: env.A: \"{instance\" has an unmatched '{'"));
  EXPECT_THAT(message("[hooks]\nafter_shift = [\"/x\", \"{instance}\"]"),
              HasSubstr(":4: hooks.after_shift: {instance}"));
  EXPECT_THAT(message("[ready]\nkind = \"http\"\npath = \"readyz\""),
              HasSubstr("ready.path must start with \"/\""));
  EXPECT_THAT(message("[ready]\nkind = \"http\"\npath = \"/a b\""), HasSubstr("ready.path must start with"));
  EXPECT_THAT(message("[ready]\nkind = \"tcp\"\naddress = \"example.org:1\""),
              HasSubstr("ready.address: 'example.org:1' is not an address to ask"));
  EXPECT_THAT(message("workdir = \"/a\\u0000b\""), HasSubstr("workdir contains a NUL character"));
}

TEST(AppFileTest, RefusesEnvironmentThatIsRollctlsOwn) {
  EXPECT_THAT(message("env = { ROLL_APP = \"x\" }"),
              HasSubstr(":3: env.ROLL_APP: ROLL_APP is set by rollctl"));
  EXPECT_THAT(message("env = { NOTIFY_SOCKET = \"x\" }"), HasSubstr("is set by rollctl"));
  EXPECT_THAT(message("env = { \"A=B\" = \"x\" }"), HasSubstr("invalid environment variable name"));
}

TEST(AppFileTest, TakesRelativePathsFromTheFilesFolder) {
  const auto without = parsed(
      "command = [\"./web\"]\nlisten = [\":80\"]\nenv_file = \"web.env\"\n[hooks]\nafter_deploy = "
      "[\"bin/note\"]");
  EXPECT_THAT(without.command, ElementsAre("/etc/rollctl/web"));
  EXPECT_EQ(without.env_file, "/etc/rollctl/web.env");
  EXPECT_THAT(without.hooks.after_deploy.command, ElementsAre("/etc/rollctl/bin/note"));
  const auto with = parsed("command = [\"./web\"]\nlisten = [\":80\"]\nworkdir = \"{release}\"");
  EXPECT_THAT(with.command, ElementsAre("./web"));
  EXPECT_EQ(with.workdir, "/etc/rollctl/{release}");
  EXPECT_THAT(parsed("command = [\"node\"]\nlisten = [\":80\"]").command, ElementsAre("node"));
  const auto braces = parse_app_file("command = [\"./web\"]\nlisten = [\":80\"]", "/srv/{x}/web.toml");
  ASSERT_TRUE(braces) << braces.error().message;
  EXPECT_THAT(braces->command, ElementsAre("/srv/{{x}}/web"));
}

TEST(AppFileTest, WritesWhatReadsBackAsTheSame) {
  AppConfig config;
  config.command = {"./web \"quoted\"", "back\\slash", "line\nbreak\x7f", "\xc3\xa4", "{listen}"};
  config.listen = {*ListenAddress::parse(":8080")};
  config.instances = {false, 3};
  config.workdir = "/srv/web";
  config.handover = HandoverPolicy::Migrate;
  config.ready.kind = ProbeKind::Http;
  config.ready.path = "/readyz";
  config.rollout.canary = {2};
  config.env = {{"A B", "odd"}, {"C", "="}};
  config.env.erase("A B");
  config.systemd = {{"MemoryMax", "1"}};
  const std::string text = write_app_file(config);
  const auto back = parsed(text);
  EXPECT_EQ(back.command, config.command);
  EXPECT_EQ(back.listen, config.listen);
  EXPECT_EQ(back.instances.number, 3);
  EXPECT_EQ(back.workdir, "/srv/web");
  EXPECT_EQ(back.handover, HandoverPolicy::Migrate);
  EXPECT_EQ(back.ready.path, "/readyz");
  EXPECT_THAT(back.rollout.canary, ElementsAre(2));
  EXPECT_EQ(back.env, config.env);
  EXPECT_EQ(back.systemd, config.systemd);
  EXPECT_EQ(write_app_file(back), text);
}

TEST(AppFileTest, ChecksNames) {
  for (const char* name :
       {"a", "0", "web-1_x", "a23456789012345678901234567890123456789012345678901234567890123"})
    EXPECT_TRUE(check_app_name(name)) << name;
  for (const char* name : {"", "Web", "-web", "_web", "web.toml", "../x", "a b",
                           "a234567890123456789012345678901234567890123456789012345678901234"})
    EXPECT_EQ(check_app_name(name).error().kind, ErrorKind::Invalid) << name;
  for (const char* name : {"v2", "2026.01+b~1-x_y", "G"}) EXPECT_TRUE(check_release_name(name)) << name;
  EXPECT_TRUE(check_release_name(std::string(128, 'x')));
  for (const std::string& name :
       {std::string(), std::string(".v"), std::string("a/b"), std::string("a b"), std::string(129, 'x')})
    EXPECT_FALSE(check_release_name(name)) << name;
}

TEST(AppFileTest, NeedsAReleaseWhereTheServerIsStartedByItsName) {
  EXPECT_FALSE(needs_release(parsed(kLeast)));
  EXPECT_FALSE(
      needs_release(parsed(std::string(kLeast) + "[hooks]\nafter_deploy = [\"/note\", \"{release}\"]")));
  EXPECT_FALSE(needs_release(parsed("command = [\"/web\", \"{{release}}\"]\nlisten = [\":80\"]")));
  EXPECT_TRUE(needs_release(parsed("command = [\"/web/{release}\"]\nlisten = [\":80\"]")));
  EXPECT_TRUE(needs_release(parsed(std::string(kLeast) + "workdir = \"/srv/{release}\"")));
  EXPECT_TRUE(needs_release(parsed(std::string(kLeast) + "env = { V = \"{release}\" }")));
}

}  // namespace
}  // namespace rollctl::test
