#pragma once

#include "gateway/base/error.hpp"

namespace vitalgate::host {

/// Keeps what is in memory out of files and other processes: new files are for this user alone
/// (umask 0077), no core file is written, and no other process of this user may look inside
/// (PR_SET_DUMPABLE 0). Once, before any secret is read and any thread is started.
Status protectProcess();

}  // namespace vitalgate::host
