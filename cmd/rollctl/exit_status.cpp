// SPDX-License-Identifier: MIT
#include "rollctl/exit_status.h"

namespace rollctl {

int exit_status_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Invalid:
      return kUsage;
    case ErrorKind::NotFound:
      return kNoSuchApp;
    case ErrorKind::NotPermitted:
    case ErrorKind::Unsupported:
      return kNotPossible;
    case ErrorKind::Busy:
      return kBusy;
    case ErrorKind::Failed:
      break;
  }
  return kFailed;
}

int exit_status_of(const Verdict& verdict, Strictness strictness) {
  switch (verdict.outcome) {
    case Outcome::Deployed:
    case Outcome::Canary:
      return strictness == Strictness::Strict && verdict.connections_cut > 0 ? kConnectionsCut : kDone;
    case Outcome::Unchanged:
      return kDone;
    case Outcome::RolledBack:
      if (verdict.aim == Verdict::Aim::Forward) return kFailed;
      return strictness == Strictness::Strict && verdict.connections_cut > 0 ? kConnectionsCut : kDone;
    case Outcome::Interrupted:
      return kSignalBase + verdict.interrupted_by;
    case Outcome::NeedsAttention:
      break;
  }
  return kNeedsAttention;
}

int tell_end(const Verdict& verdict, Strictness strictness, Reporter& reporter) {
  const int status = exit_status_of(verdict, strictness);
  reporter.finish(verdict, status);
  return status;
}

int tell_error(const Error& error, Reporter& reporter) {
  const int status = exit_status_of(error);
  reporter.error(error, status);
  return status;
}

}  // namespace rollctl
