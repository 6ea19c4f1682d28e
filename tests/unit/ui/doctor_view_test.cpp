// SPDX-License-Identifier: MIT
#include "ui/doctor_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/ui/screen.h"

namespace rollctl {
namespace {

using test::pipe_output;
using test::screen;
using enum HostCheck::Outcome;
using enum HostCheck::Need;

HostAssessment classic_verdict() {
  return {Handover::Steer, true, "steer: none is lost", "sudo setcap cap_bpf+ep /usr/bin/rollctl"};
}

std::vector<HostCheck> sample_checks() {
  return {{"steer-ebpf", Fails, "cannot load the steering program", "run rollctl as root", Better},
          {"steer-classic", Works, "33 of 33 connections went where they should", "", Better},
          {"migrate", LikelyWorks, "allowed here, but not tried", "", Better},
          {"lingering", Untried, "no systemd runs here", "", Better},
          {"shim", Fails, "cannot run roll-shim", "install it", Always}};
}

std::string shown(const Terminal& terminal, Detail detail = Detail::Normal) {
  return render(doctor_lines(classic_verdict(), sample_checks(), terminal, detail), terminal);
}

TEST(DoctorViewTest, ShowsEachCheckAndThenTheVerdict) {
  EXPECT_EQ(shown(pipe_output()),
            "no         steer-ebpf     cannot load the steering program\n"
            "ok         steer-classic  33 of 33 connections went where they should\n"
            "not tried  migrate        allowed here, but not tried\n"
            "not tried  lingering      no systemd runs here\n"
            "no         shim           cannot run roll-shim\n"
            "\n"
            "steer: none is lost\n"
            "to improve it: sudo setcap cap_bpf+ep /usr/bin/rollctl\n");
}

TEST(DoctorViewTest, AddsTheHintsWhereMoreIsAskedFor) {
  EXPECT_EQ(shown(pipe_output(), Detail::Full),
            "no         steer-ebpf     cannot load the steering program\n"
            "                          hint: run rollctl as root\n"
            "ok         steer-classic  33 of 33 connections went where they should\n"
            "not tried  migrate        allowed here, but not tried\n"
            "not tried  lingering      no systemd runs here\n"
            "no         shim           cannot run roll-shim\n"
            "                          hint: install it\n"
            "\n"
            "steer: none is lost\n"
            "to improve it: sudo setcap cap_bpf+ep /usr/bin/rollctl\n");
}

TEST(DoctorViewTest, WrapsAtWordsOnANarrowTerminal) {
  EXPECT_EQ(shown(screen(48)),
            "no         steer-ebpf     cannot load the\n"
            "                          steering program\n"
            "ok         steer-classic  33 of 33 connections\n"
            "                          went where they should\n"
            "not tried  migrate        allowed here, but not\n"
            "                          tried\n"
            "not tried  lingering      no systemd runs here\n"
            "no         shim           cannot run roll-shim\n"
            "\n"
            "steer: none is lost\n"
            "to improve it: sudo setcap cap_bpf+ep\n"
            "               /usr/bin/rollctl\n");
}

TEST(DoctorViewTest, LeavesItToATerminalThatIsTooNarrowForTwoColumns) {
  EXPECT_EQ(shown(screen(30)).substr(0, 60), shown(pipe_output()).substr(0, 60));
}

TEST(DoctorViewTest, ComplainsOnlyWhereSomethingIsWrong) {
  HostAssessment verdict = classic_verdict();
  EXPECT_TRUE(doctor_complaints(verdict, sample_checks(), pipe_output()).empty());
  verdict.lossless = false;
  EXPECT_EQ(render(doctor_complaints(verdict, sample_checks(), pipe_output()), pipe_output()),
            "no         steer-ebpf     cannot load the steering program\n"
            "no         shim           cannot run roll-shim\n"
            "steer: none is lost\n"
            "to improve it: sudo setcap cap_bpf+ep /usr/bin/rollctl\n");
}

TEST(DoctorViewTest, SaysInJsonWhatWasTriedAndWhatIsBelieved) {
  const nlohmann::json object = doctor_json(classic_verdict(), sample_checks());
  nlohmann::json shim = {{"name", "shim"},
                         {"ok", false},
                         {"tried", true},
                         {"message", "cannot run roll-shim"},
                         {"hint", "install it"}};
  EXPECT_EQ(object["v"], 1);
  EXPECT_EQ(object["handover"], "steer");
  EXPECT_EQ(object["lossless"], true);
  EXPECT_EQ(object["guarantee"], "steer: none is lost");
  EXPECT_EQ(object["improve"], "sudo setcap cap_bpf+ep /usr/bin/rollctl");
  EXPECT_EQ(object["checks"].size(), 5U);
  EXPECT_EQ(object["checks"][4], shim);
  EXPECT_EQ(object["checks"][2]["ok"], true);
  EXPECT_EQ(object["checks"][2]["tried"], false);
  EXPECT_EQ(object["checks"][3]["ok"], false);
  EXPECT_EQ(object["checks"][3]["tried"], false);
}

}  // namespace
}  // namespace rollctl
